"""The two sides of a filter: a next hop that records, and a client that plays a case."""
import socket, socketserver, threading

EHLO = ['next.hop.test', 'PIPELINING', 'SIZE', '8BITMIME', 'DSN', 'SMTPUTF8', 'XFORWARD NAME ADDR PORT PROTO HELO SOURCE IDENT',
        'ENHANCEDSTATUSCODES']


class NextHop(socketserver.ThreadingTCPServer):
    """Recipients choose what happens: refused* gets 550, later* 451, bad-data* 554 after the data, slow-data* 452."""
    allow_reuse_address = daemon_threads = True

    def __init__(self, port):
        self.mails, self.lock = [], threading.Lock()
        super().__init__(('127.0.0.1', port), Session)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def take(self):
        with self.lock:
            got, self.mails = self.mails, []
            return got


class Session(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            self.run()
        except OSError:
            pass

    def say(self, *lines):
        self.wfile.write(''.join(x + '\r\n' for x in lines).encode())

    def run(self):
        self.say('220 next.hop.test ESMTP')
        lmtp, xforward, head, rcpts = False, [], [], []
        for raw in iter(self.rfile.readline, b''):
            line = raw.rstrip(b'\r\n').decode('latin-1')
            verb = line.upper().split(' ')[0].split(':')[0]
            if verb in ('EHLO', 'LHLO'):
                lmtp = verb == 'LHLO'
                words = EHLO[:1] if ' bare.' in line else EHLO[:2] if ' plain.' in line else EHLO    # by the client's name
                self.say(*['250-' + w for w in words[:-1]], '250 ' + words[-1])
            elif verb == 'XFORWARD':
                xforward.append(line)
                self.say('250 2.0.0 Ok')
            elif verb == 'MAIL':
                head, xforward, rcpts = xforward + [line], [], []
                self.say('250 2.1.0 Ok')
            elif verb == 'RCPT':
                if '<refused' in line:
                    self.say('550 5.1.1 No such user')
                elif '<later' in line:
                    self.say('451 4.3.0 Come back later')
                else:
                    rcpts.append(line)
                    self.say('250 2.1.5 Ok')
            elif verb == 'DATA':
                if not rcpts:
                    self.say('554 5.5.1 No valid recipients')
                    continue
                self.say('354 Go on')
                data, row = b'', self.rfile.readline()
                while row != b'.\r\n':
                    if not row:
                        return      # broken off
                    data += row[1:] if row[:1] == b'.' else row
                    row = self.rfile.readline()
                answers = [self.answer(r) for r in rcpts]
                if not lmtp:
                    answers = [max(answers)]
                kept = [r for r, a in zip(rcpts, answers if lmtp else answers * len(rcpts)) if a[0] == '2']
                if kept:
                    with self.server.lock:
                        self.server.mails.append((head + kept, data))
                self.say(*answers)
            elif verb == 'QUIT':
                self.say('221 2.0.0 Bye')
                return
            else:
                self.say('250 2.0.0 Ok')

    @staticmethod
    def answer(rcpt):
        if '<bad-data' in rcpt:
            return '554 5.7.1 Content not wanted'
        if '<slow-data' in rcpt:
            return '452 4.2.2 Mailbox full'
        return '250 2.0.0 Ok: queued as NEXTHOP1'


class Client:
    def __init__(self, port):
        self.sock = socket.create_connection(('127.0.0.1', port), 20)
        self.file = self.sock.makefile('rb')
        self.said = []
        self.reply('connect')

    def reply(self, verb):
        lines = []
        while not lines or lines[-1][3:4] == '-':
            raw = self.file.readline()
            if not raw:
                raise ConnectionError('connection lost')
            lines.append(raw.decode('latin-1').rstrip('\r\n'))
        self.said.append(verb + ': ' + ' | '.join(lines))
        return lines[-1]

    def command(self, line):
        self.sock.sendall(line.encode('utf-8') + b'\r\n')
        return self.reply(line.split(' ')[0].split(':')[0])

    def data(self, mail):
        lines = mail.split(b'\r\n')[:-1]
        self.sock.sendall(b''.join((b'.' if x[:1] == b'.' else b'') + x + b'\r\n' for x in lines) + b'.\r\n')
        self.reply('end')

    def follow(self, case):
        """Play the commands of case['script']; a lone dot is the mail, and lines in one entry go out at once."""
        for entry in case['script']:
            if entry == '.':
                self.data(case['mail'])
                continue
            lines = entry.split('\n')
            self.sock.sendall(''.join(x + '\r\n' for x in lines).encode('utf-8'))
            for x in lines:
                self.reply(x.split(' ')[0].split(':')[0])
        self.sock.close()
        return self.said

    def play(self, case):
        if 'script' in case:
            return self.follow(case)
        lmtp = case.get('lmtp', False)
        self.command(('LHLO ' if lmtp else 'EHLO ') + 'client.test')
        if not case.get('greeting'):
            self.said.clear()
        if case.get('xforward'):
            self.command('XFORWARD ' + case['xforward'])
        if self.command(join('MAIL FROM:<%s>' % case['from'], case.get('mail_params')))[0] == '2':
            taken = 0
            for i, to in enumerate(case['to']):
                more = case.get('rcpt_params', [])
                taken += self.command(join('RCPT TO:<%s>' % to, more[i] if i < len(more) else ''))[0] == '2'
            if taken and self.command('DATA')[0] == '3':
                self.data(case['mail'])
                for _ in range(taken - 1 if lmtp else 0):
                    self.reply('end')
        self.command('QUIT')
        self.sock.close()
        return self.said if case.get('greeting') else self.said[:-1]


def join(head, params):
    return head + ' ' + params if params else head
