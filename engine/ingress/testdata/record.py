#!/usr/bin/env python3
"""Holds the dialogues of this folder with the original and writes its replies into them.

  record.py [--port 21000] [--base /tmp/mavis-ingress] [--amavisd /usr/sbin/amavisd] [FILE...]

Run as root where Debian's amavisd-new and openssl are installed. The daemon runs with original.conf beside this script, on
four ports from --port on (the last is the next hop). A dialogue is lines of

  : socket   main, limits, tls, unix or denied; comes first
  > text     a command; CRLF is added, one reply is awaited
  ! text     bytes sent as they are, no reply awaited
  ? N        N replies are awaited
  ~ N        silence for N seconds
  tls        the handshake of the client
  $          the server has closed the connection
  < text     what the server said: written by this script

In text \\r \\n \\0 \\t \\\\ \\xNN stand for bytes and {a*100} for a hundred a.
"""
import argparse, glob, os, pwd, re, shutil, signal, socket, socketserver, ssl, subprocess, sys, threading, time

here = os.path.dirname(os.path.abspath(__file__))


class Hop(socketserver.StreamRequestHandler):
    def handle(self):
        say = lambda s: self.wfile.write(s.encode() + b'\r\n')
        say('220 hop.test ESMTP')
        while True:
            line = self.rfile.readline().upper()
            if not line:
                return
            if line.startswith((b'EHLO', b'LHLO')):
                say('250-hop.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-DSN\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES')
            elif line.startswith(b'DATA'):
                say('354 go')
                while self.rfile.readline() not in (b'.\r\n', b''):
                    pass
                say('250 2.0.0 Ok: queued as HOP')
            elif line.startswith(b'QUIT'):
                return say('221 2.0.0 Bye')
            else:
                say('250 2.0.0 Ok')


def octets(text):
    text = re.sub(r'\{(.+?)\*(\d+)\}', lambda m: m[1] * int(m[2]), text)
    out = re.sub(r'\\(x[0-9a-fA-F]{2}|.)', lambda m: {'r': '\r', 'n': '\n', '0': '\0', 't': '\t'}.get(m[1])
                 or (chr(0xE000 + int(m[1][1:], 16)) if len(m[1]) == 3 else m[1]), text)
    return b''.join(bytes([ord(c) - 0xE000]) if 0xE000 <= ord(c) < 0xE100 else c.encode() for c in out)


def shown(line):
    return ''.join(chr(b) if 32 <= b < 127 and b != 92 else '\\\\' if b == 92 else '\\x%02x' % b for b in line)


def converse(path, a):
    script = [l for l in open(path).read().split('\n') if not l.startswith('<')]
    out, sock, buf = [], None, b''

    def line():
        nonlocal buf
        while b'\r\n' not in buf:
            got = sock.recv(65536)
            if not got:
                raise EOFError
            buf += got
        head, buf = buf.split(b'\r\n', 1)
        return head

    def replies(n):
        for _ in range(n):
            while True:
                try:
                    got = line()
                except (EOFError, ConnectionResetError):
                    out.append('< *closed*')
                    return
                out.append('< ' + shown(got))
                if got[3:4] != b'-':
                    break

    for row in script:
        if row != '' or out:
            out.append(row)
        if row.startswith(': '):
            if row[2:] == 'unix':
                sock = socket.socket(socket.AF_UNIX)
                sock.connect(a.base + '/amavisd.sock')
            else:
                port = a.port + {'main': 0, 'limits': 1, 'tls': 2, 'denied': 0}[row[2:]]
                source = ('127.0.0.9', 0) if row[2:] == 'denied' else ('127.0.0.1', 0)
                sock = socket.create_connection(('127.0.0.1', port), 30, source)
            sock.settimeout(30)
            buf = b''
            replies(1)
        elif row.startswith('> '):
            sock.sendall(octets(row[2:]) + b'\r\n')
            replies(1)
        elif row.startswith('! '):
            sock.sendall(octets(row[2:]))
        elif row.startswith('? '):
            replies(int(row[2:]))
        elif row.startswith('~ '):
            time.sleep(float(row[2:]))
        elif row == 'tls':
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            sock = context.wrap_socket(sock)
        elif row == '$':
            try:
                rest = buf + sock.recv(1000)
            except ConnectionResetError:
                rest = b''
            out.append('< *closed*' if rest == b'' else '< ' + shown(rest))
    if sock:
        sock.close()
    open(path, 'w').write('\n'.join(out).rstrip('\n') + '\n')


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--port', type=int, default=21000)
    p.add_argument('--base', default='/tmp/mavis-ingress')
    p.add_argument('--amavisd', default='/usr/sbin/amavisd')
    p.add_argument('--cache', type=int, default=1, help='connection cache towards the next hop')
    p.add_argument('files', nargs='*')
    a = p.parse_args()
    shutil.rmtree(a.base, ignore_errors=True)
    for d in ('tmp', 'db', 'var', 'quarantine'):
        os.makedirs(os.path.join(a.base, d))
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=mail.example.com', '-days', '2',
                    '-keyout', a.base + '/key.pem', '-out', a.base + '/cert.pem'], check=True, capture_output=True)
    fill = {'BASE': a.base, 'PORT': a.port, 'PORT1': a.port + 1, 'PORT2': a.port + 2, 'SINK': a.port + 3, 'CACHE': a.cache}
    conf = re.sub(r'@(BASE|PORT1|PORT2|PORT|SINK|CACHE)@', lambda m: str(fill[m[1]]), open(here + '/original.conf').read())
    os.makedirs(a.base + '-etc', exist_ok=True)
    open(a.base + '-etc/amavisd.conf', 'w').write(conf)
    who = pwd.getpwnam('amavis')
    for d, _, fs in os.walk(a.base):
        for x in [d] + [os.path.join(d, f) for f in fs]:
            os.chown(x, who.pw_uid, who.pw_gid)
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    hop = socketserver.ThreadingTCPServer(('127.0.0.1', a.port + 3), Hop)
    hop.daemon_threads = True
    threading.Thread(target=hop.serve_forever, daemon=True).start()
    daemon = subprocess.Popen([a.amavisd, '-c', a.base + '-etc/amavisd.conf', 'foreground'], start_new_session=True,
                              stdout=open(a.base + '/out', 'w'), stderr=subprocess.STDOUT)
    try:
        for _ in range(200):
            try:
                socket.create_connection(('127.0.0.1', a.port), 1).close()
                break
            except OSError:
                if daemon.poll() is not None:
                    sys.exit(open(a.base + '/out').read())
                time.sleep(0.1)
        for f in a.files or sorted(glob.glob(here + '/dialogues/*.txt')):
            converse(f, a)
    finally:
        os.killpg(daemon.pid, signal.SIGTERM)
        daemon.wait()


if __name__ == '__main__':
    main()
