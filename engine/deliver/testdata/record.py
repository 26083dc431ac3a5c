#!/usr/bin/env python3
"""Records what the original says to a next hop and what it makes of the answers: writes hops.json beside this script.

  record.py [--port 21020] [--base /tmp/mavis-deliver]

Run as root where Debian's amavisd-new and openssl are installed; it borrows the config of ../../ingress/testdata.
A case names the keywords that the hop announces and its answers ("COMMAND argument" by prefix; "drop" closes).
"""
import argparse, importlib.util, json, os, re, signal, socket, socketserver, sys, threading

here = os.path.dirname(os.path.abspath(__file__))
ALL = ['PIPELINING', 'SIZE', '8BITMIME', 'DSN', 'SMTPUTF8', 'XFORWARD NAME ADDR PORT PROTO HELO SOURCE IDENT', 'ENHANCEDSTATUSCODES']
XF = 'NAME=spike.test ADDR=192.0.2.25 PORT=40000 PROTO=ESMTP HELO=helo+2Btest IDENT=ABC SOURCE=REMOTE'
CASES = {
    'plain': {},
    'xforward': {'xforward': XF},
    'xforward-v6': {'xforward': 'ADDR=IPv6:2001:db8::1 NAME=a(b)'},
    'xforward-few': {'xforward': XF, 'keywords': ['PIPELINING', 'XFORWARD NAME ADDR']},
    'two': {'rcpts': ['<one@example.com>', '<"q q"@example.com>', '<"plain"@example.com>']},
    'dsn': {'mail': '<a@b.test> RET=HDRS ENVID=QQ+2B314', 'rcpts': ['<one@example.com> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;o+2Bne@x.test', '<two@example.com> NOTIFY=NEVER']},
    'dsn-no': {'keywords': ['PIPELINING'], 'mail': '<a@b.test> RET=HDRS ENVID=QQ', 'rcpts': ['<one@example.com> NOTIFY=SUCCESS ORCPT=rfc822;x']},
    'dsn-null': {'mail': '<>', 'rcpts': ['<one@example.com> NOTIFY=FAILURE']},
    'body8': {'mail': '<a@b.test> BODY=8BITMIME'},
    'body7': {'mail': '<a@b.test> BODY=7BIT SIZE=100'},
    'body8-no': {'keywords': ['PIPELINING'], 'mail': '<a@b.test> BODY=8BITMIME'},
    'utf8': {'mail': '<\u00e9@b.test> SMTPUTF8 BODY=8BITMIME', 'rcpts': ['<\u00fc@example.com>']},
    'utf8-unneeded': {'mail': '<a@b.test> SMTPUTF8'},
    'utf8-no-sender': {'keywords': ['PIPELINING', '8BITMIME'], 'mail': '<\u00e9@b.test> SMTPUTF8'},
    'utf8-no-rcpt': {'keywords': ['PIPELINING', '8BITMIME'], 'mail': '<a@b.test> SMTPUTF8', 'rcpts': ['<one@example.com>', '<\u00fc@example.com>']},
    'idn-no': {'keywords': ['PIPELINING', '8BITMIME'], 'mail': '<a@b\u00fccher.test> SMTPUTF8', 'rcpts': ['<one@b\u00fccher.test>']},
    'no-pipelining': {'keywords': ['8BITMIME'], 'rcpts': ['<one@example.com>', '<two@example.com>']},
    'helo': {'replies': {'EHLO': '502 5.5.1 no'}},
    'mail-4': {'replies': {'MAIL': '451 4.3.0 later'}},
    'mail-5': {'replies': {'MAIL': '550 5.1.0 no such sender'}},
    'mail-5-plain': {'replies': {'MAIL': '550 no'}, 'keywords': []},
    'rcpt-4': {'rcpts': ['<one@example.com>', '<two@example.com>'], 'replies': {'RCPT TO:<two': '451 4.3.0 later'}},
    'rcpt-5': {'rcpts': ['<one@example.com>', '<two@example.com>'], 'replies': {'RCPT TO:<two': '550 5.1.1 unknown'}},
    'rcpt-5-all': {'replies': {'RCPT': '550-5.1.1 unknown\r\n550 5.1.1 user', 'DATA': '554 5.5.1 no valid recipients'}},
    'rcpt-5-data': {'replies': {'RCPT': '550 5.1.1 unknown', '.': '554 5.5.1 nothing'}},
    'rcpt-452': {'rcpts': ['<one@example.com>', '<two@example.com>', '<three@example.com>'], 'limit': 2},
    'data-4': {'replies': {'DATA': '451 4.3.0 later'}},
    'data-5': {'replies': {'DATA': '554 5.7.1 no'}},
    'dot-4': {'replies': {'.': '451 4.3.0 later'}},
    'dot-5': {'replies': {'.': '554 5.7.1 refused\twith tab'}},
    'dot-drop': {'replies': {'.': 'drop'}},
    'mail-drop': {'replies': {'MAIL': 'drop'}},
    'greet-4': {'replies': {'CONNECT': '421 4.3.2 busy'}},
    'greet-5': {'replies': {'CONNECT': '554 5.3.2 no service'}},
    'down': {'down': True},
    'bytes': {'data': 'Subject: b\r\n\r\n.dot\r\n..two\r\nnul\0 cr\r lf\n.\n x\r\n'},
    'noeol': {'data': 'Subject: b\r\n\r\nlast'},
    'lmtp-in-rcpt-4': {'lhlo': True, 'rcpts': ['<one@example.com>', '<two@example.com>'], 'replies': {'RCPT TO:<two': '451 4.3.0 later'}},
}


class Hop(socketserver.StreamRequestHandler):
    def handle(self):
        case, log = self.server.case, self.server.log
        tell = lambda s: self.wfile.write(s.encode() + b'\r\n')
        told = 0

        def answer(command, default):
            given = [v for k, v in case.get('replies', {}).items() if command.startswith(k)]
            if given and given[0] == 'drop':
                raise EOFError
            tell(given[0] if given else default)

        rcpts = 0
        try:
            answer('CONNECT', '220 hop.test ESMTP')
            while True:
                raw = self.rfile.readline()
                if not raw:
                    log.append('*closed*')
                    return
                line = raw.decode('utf-8', 'surrogateescape').rstrip('\r\n')
                log.append(line)
                verb = line.upper()
                if verb.startswith('EHLO') or verb.startswith('LHLO'):
                    kw = case.get('keywords', ALL)
                    answer(line, '\r\n'.join('250' + ('-' if i < len(kw) else ' ') + k for i, k in enumerate(['hop.test'] + kw)))
                elif verb.startswith('RCPT'):
                    rcpts += 1
                    if rcpts > case.get('limit', 99):
                        tell('452 4.5.3 too many recipients')
                    else:
                        answer(line, '250 2.1.5 Ok')
                elif verb == 'DATA':
                    answer(line, '354 go')
                    if [1 for k, v in case.get('replies', {}).items() if k == 'DATA']:
                        continue
                    data = b''
                    while True:
                        row = self.rfile.readline()
                        if not row:
                            log.append('*closed in data*')
                            return
                        if row == b'.\r\n':
                            break
                        data += row
                    body = data.split(b'\r\n\r\n', 1)[-1]
                    log.append('content ' + body.decode('latin-1').encode('unicode_escape').decode())
                    rcpts = 0
                    answer('.', '250 2.0.0 Ok: queued as HOP')
                elif verb == 'QUIT':
                    tell('221 2.0.0 Bye')
                    return
                elif verb.startswith('MAIL'):
                    rcpts = 0
                    answer(line, '250 2.1.0 Ok')
                else:
                    answer(line, '250 2.0.0 Ok')
        except (EOFError, ConnectionError):
            return


def send(port, case):
    s = socket.create_connection(('127.0.0.1', port), 60)
    f = s.makefile('rb')

    def reply():
        while True:
            line = f.readline().decode('utf-8', 'replace').rstrip('\r\n')
            if line[3:4] != '-':
                return line

    def command(c):
        s.sendall(c.encode() + b'\r\n')
        return reply()

    reply()
    command(('LHLO' if case.get('lhlo') else 'EHLO') + ' client.test')
    if 'xforward' in case:
        command('XFORWARD ' + case['xforward'])
    command('MAIL FROM:' + case.get('mail', '<a@b.test>'))
    rcpts = case.get('rcpts', ['<bob@example.com>'])
    for r in rcpts:
        command('RCPT TO:' + r)
    command('DATA')
    data = case.get('data', 'Subject: x\r\n\r\nbody\r\n').encode('latin-1')
    data = re.sub(rb'(\A|\r\n)\.', rb'\1..', data)
    s.sendall(data + (b'' if data.endswith(b'\r\n') else b'\r\n') + b'.\r\n')
    got = [re.sub(r'id=[0-9]+-[0-9-]+', 'id=ID', reply()) for _ in (rcpts if case.get('lhlo') else [1])]
    command('QUIT')
    return got


def forwarded(log):
    """The log without the notices that the original sent of its own."""
    out = []
    for line in log:
        if line.startswith('MAIL FROM:<>') and out.count('DATA'):
            while out and not out[-1].startswith('EHLO'):
                out.pop()
            return out[:-1]
        out.append(line)
    return out


def main():
    spec = importlib.util.spec_from_file_location('ingress', here + '/../../ingress/testdata/record.py')
    ingress = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(ingress)  # starts the daemon for us
    p = argparse.ArgumentParser()
    p.add_argument('--port', type=int, default=21020)
    p.add_argument('--base', default='/tmp/mavis-deliver')
    a = p.parse_args()
    out = {}

    def run(path, args):
        for name, case in CASES.items():
            hop.case, hop.log = case, []
            if case.get('down'):
                hop.shutdown()
                hop.server_close()
            replies = send(a.port, case)
            out[name] = dict(case, front=replies, hop=forwarded(hop.log))
            if case.get('down'):
                hop.__init__(('127.0.0.1', a.port + 3), Hop)
                threading.Thread(target=hop.serve_forever, daemon=True).start()

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address, daemon_threads = True, True
    hop = None
    def ours(addr, _):
        nonlocal hop
        hop = Server(addr, Hop)
        hop.case, hop.log = {}, []
        return hop
    ingress.socketserver.ThreadingTCPServer = ours
    ingress.converse = run
    ingress.here = here + '/../../ingress/testdata'
    sys.argv = ['record.py', '--port', str(a.port), '--base', a.base, '--cache', '0', 'x']
    ingress.main()
    json.dump(out, open(here + '/hops.json', 'w'), indent=1, ensure_ascii=True)


if __name__ == '__main__':
    main()
