#!/usr/bin/env python3
"""Records what the original makes of mail whose body it changes: record.py > golden.json, as root.

Needs the Debian packages amavisd-new and altermime. cases.json holds configurations (lines after base.conf) and mails; a mail
is text with LF line ends, octets as code points. Sentences of the original are not kept: <banned> stands for its warning of
banned parts. <N lines> stands for lines that fill a large mail."""
import json, os, pwd, re, shutil, signal, socket, socketserver, subprocess, sys, threading, time

HERE = os.path.dirname(os.path.abspath(__file__))
BASE, PORT = '/tmp/mg-record', 21600
FILL = {'BASE': BASE, 'PORT': PORT, 'PORT2': PORT + 1, 'SINK': PORT + 2, 'SINK2': PORT + 3}


FILLER = '0123456789 abcdefghijklmnopqrstuvwxyz\r\n'


def short(data):
    data = re.sub('(?:%s)+' % FILLER, lambda m: '<%d lines>\r\n' % (len(m[0]) // len(FILLER)), data)
    return re.sub(r'WARNING: banning[^\r]*\r\n[^\r]*\r\n', '<banned>\r\n', data)


class Sink(socketserver.StreamRequestHandler):
    def handle(self):
        say = lambda s: self.wfile.write(s.encode() + b'\r\n')
        say('220 sink ESMTP')
        mail, rcpt = '', []
        while True:
            line = self.rfile.readline().decode('latin-1').rstrip('\r\n')
            verb = line[:4].upper()
            if not line or verb == 'QUIT':
                say('221 2.0.0 bye')
                return
            if verb == 'EHLO':
                say('250-sink\r\n250-PIPELINING\r\n250-SIZE\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES')
                continue
            if verb == 'MAIL':
                mail, rcpt = line, []
            if verb == 'RCPT':
                rcpt.append(line)
            if verb == 'DATA':
                say('354 go on')
                data = b''
                while True:
                    l = self.rfile.readline()
                    if l in (b'.\r\n', b''):
                        break
                    data += l[1:] if l.startswith(b'.') else l
                self.server.got.append({'sink': self.server.name, 'mail': mail, 'rcpt': rcpt, 'data': short(data.decode('latin-1'))})
                say('250 2.0.0 Ok: queued as SINK')
                continue
            say('250 2.0.0 Ok')


def sink(port, name, got):
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    s = socketserver.ThreadingTCPServer(('127.0.0.1', port), Sink)
    s.daemon_threads, s.name, s.got = True, name, got
    threading.Thread(target=s.serve_forever, daemon=True).start()


def send(port, m):
    s = socket.create_connection(('127.0.0.1', port), 60)
    f = s.makefile('rb')

    def reply():
        while True:
            l = f.readline().decode('latin-1')
            if l[3:4] != '-':
                return l.rstrip()

    def cmd(c):
        s.sendall(c.encode('latin-1') + b'\r\n')
        return reply()
    reply()
    cmd('EHLO client.test')
    cmd('MAIL FROM:<%s>' % m.get('from', 'alice@sender.test'))
    for r in m.get('to', ['bob@example.com']):
        cmd('RCPT TO:<%s>' % r)
    cmd('DATA')
    data = m['data'].encode('latin-1').replace(b'\n', b'\r\n')
    data += FILLER.encode() * m.get('pad', 0)
    if not data.endswith(b'\r\n'):
        data += b'\r\n'
    last = cmd('\r\n'.join(('.' + l if l.startswith('.') else l) for l in data.decode('latin-1').split('\r\n')) + '.')
    cmd('QUIT')
    return last


def run(conf, mails, got):
    shutil.rmtree(BASE, ignore_errors=True)
    for d in ('tmp', 'db'):
        os.makedirs(BASE + '/' + d)
    for name, text in CASES['files'].items():
        open(BASE + '/' + name, 'w').write(text)
        os.chmod(BASE + '/' + name, 0o755)
    who = pwd.getpwnam('amavis')
    for d, _, files in os.walk(BASE):
        for x in [d] + [d + '/' + f for f in files]:
            os.chown(x, who.pw_uid, who.pw_gid)
    text = open(HERE + '/base.conf').read() + '\n'.join(conf) + '\n1;\n'
    os.makedirs(BASE + '-etc', exist_ok=True)
    path = BASE + '-etc/amavisd.conf'
    open(path, 'w').write(re.sub(r'@(\w+)@', lambda m: str(FILL.get(m[1], m[0])), text))
    p = subprocess.Popen(['/usr/sbin/amavisd', '-c', path, 'foreground'], start_new_session=True,
                         stdout=sys.stderr, stderr=sys.stderr)
    out = []
    try:
        for _ in range(200):
            try:
                socket.create_connection(('127.0.0.1', PORT), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        for m in mails:
            del got[:]
            reply = send(PORT + 1 if m.get('originating') else PORT, m)
            out.append({'mail': m['name'], 'reply': reply, 'delivered': list(got)})
    finally:
        os.killpg(p.pid, signal.SIGTERM)
        p.wait(20)
    return out


CASES = json.load(open(HERE + '/cases.json'))


def main():
    got, golden = [], []
    sink(FILL['SINK'], 'forward', got)
    sink(FILL['SINK2'], 'resend', got)
    for c in CASES['configs']:
        mails = [m for m in CASES['mails'] if m['name'] in c['mails']]
        golden.append({'config': c['name'], 'results': run(c['conf'], mails, got)})
    json.dump(golden, sys.stdout, indent=1)
    print()


main()
