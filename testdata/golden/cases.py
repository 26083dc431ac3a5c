"""The cases of every set. A case has a name, an envelope, and a mail; `second` plays it to the second port."""
import cases_more
import mails as m

ROB, SUE, JOE, FAR = 'rob@here.test', 'sue@here.test', 'joe@here.test', 'zoe@faraway.test'
OUTSIDE = 'NAME=mx.away.test ADDR=192.0.2.7 PORT=40000 PROTO=ESMTP HELO=mx.away.test SOURCE=REMOTE'
INSIDE = 'NAME=desk.here.test ADDR=10.2.3.4 PORT=40001 PROTO=SMTP HELO=desk SOURCE=LOCAL'
FOLDERS = {}        # folders which a set wants below the quarantine


def case(name, mail, to=ROB, sender='ann@away.test', **more):
    return {'name': name, 'from': sender, 'to': [to] if isinstance(to, str) else to, **more, 'mail': mail}


def each(prefix='', only=m.CATEGORIES, **more):
    """One case of each category."""
    return [case(prefix + k, m.CATEGORIES[k](), **more) for k in only]


def site():
    """The usual site."""
    yield case('greeting', m.clean(), greeting=True)
    yield case('greeting-lmtp', m.clean(), greeting=True, lmtp=True)
    yield from each()
    yield from each('outside-', xforward=OUTSIDE)
    yield from each('inside-', xforward=INSIDE, sender=ROB, to=FAR)
    yield from each('submitted-', second=True, sender=ROB, to=FAR)
    yield from each('bounce-', only=['clean', 'virus', 'banned', 'badh'], sender='')
    yield from each('list-', only=['banned', 'virus'], sender='owner-list@away.test')
    yield case('precedence-bulk-banned', m.banned(more=[('Precedence', 'bulk')]))
    yield case('list-id-banned', m.banned(more=[('List-Id', '<l.away.test>')]))
    yield case('two-here', m.clean(), [ROB, SUE])
    yield case('two-banned', m.banned(), [ROB, SUE], xforward=OUTSIDE)
    yield case('here-and-far', m.clean(), [ROB, FAR])
    yield case('here-and-far-bad-header', m.badh(), [ROB, FAR])
    yield case('empty-body', m.plain(body=b''))
    yield case('dots', m.plain(body=b'.\n..\n.a\n\n.\n'))
    yield case('long-lines', m.plain(body=b'w' * 3000 + b'\n'))
    yield case('eight-bit', m.plain(body='na\u00efve\n'.encode(), more=[('MIME-Version', '1.0'), ('Content-Type', 'text/plain; charset=utf-8'),
                                                                  ('Content-Transfer-Encoding', '8bit')]), mail_params='BODY=8BITMIME')
    yield case('utf8-address', m.clean(), 'b\u00e4r@here.test', mail_params='SMTPUTF8')
    yield case('utf8-domain', m.clean(), 'rob@b\u00fccher.test', mail_params='SMTPUTF8')
    yield case('ace-domain', m.clean(), 'rob@xn--bcher-kva.test')
    yield case('utf8-sender', m.banned(), sender='\u00e5sa@away.test', mail_params='SMTPUTF8 BODY=8BITMIME')
    yield case('quoted-local', m.clean(), '"rob the first"@here.test', sender='"ann b"@away.test')
    yield case('quoted-local-banned', m.banned(), '"rob the first"@here.test', sender='"ann b"@away.test')
    yield case('needless-quotes', m.clean(), '"rob"@here.test')
    yield case('upper-case', m.clean(), 'ROB@HERE.TEST', sender='Ann@AWAY.test')
    yield case('source-route', m.clean(), '@x.test,@y.test:rob@here.test')
    yield case('no-domain', m.clean(), 'postmaster')
    yield case('plus', m.clean(), 'rob+lists@here.test')
    yield case('dsn-success', m.clean(), mail_params='RET=HDRS ENVID=e+2B1', rcpt_params=['NOTIFY=SUCCESS ORCPT=rfc822;rob@here.test'])
    yield case('dsn-never-banned', m.banned(), rcpt_params=['NOTIFY=NEVER'])
    yield case('dsn-full-banned', m.banned(), mail_params='RET=FULL ENVID=e2', rcpt_params=['NOTIFY=FAILURE,DELAY ORCPT=rfc822;r@old.test'])
    yield case('dsn-success-banned', m.banned(), rcpt_params=['NOTIFY=SUCCESS'])
    yield case('dsn-success-far', m.clean(), FAR, sender=ROB, second=True, rcpt_params=['NOTIFY=SUCCESS,FAILURE'])
    yield case('mail-auth', m.clean(), mail_params='AUTH=<>')
    yield case('size-said', m.clean(), mail_params='SIZE=1000')
    yield case('forwarded-virus', m.multi([m.WORDS, m.part('message/rfc822', b'From: a@b.test\nSubject: in\n\n' + m.VIRUS, encoding='7bit')]))
    yield case('zip-virus', m.attached('v.zip', m.zipped(('a.txt', m.VIRUS)), 'application/zip'))
    yield case('zip-zip-virus', m.attached('v.zip', m.zipped(('b.zip', m.zipped(('a.txt', m.VIRUS)))), 'application/zip'))
    yield case('gz-virus', m.attached('v.gz', m.gzipped(m.VIRUS)))
    yield case('virus-and-banned', m.attached('v.exe', m.VIRUS))
    yield case('two-viruses', m.multi([m.part('text/plain', m.VIRUS), m.part('text/plain', m.HONEST)]))
    yield case('zip-banned', m.attached('v.zip', m.zipped(('dir/a.scr', b'x')), 'application/zip'))
    yield case('banned-double', m.attached('bill.pdf.vbs', b'x'))
    yield case('banned-type', m.attached('thing', b'x', 'application/hta'))
    yield case('banned-several', m.multi([m.part('application/octet-stream', b'x', n) for n in ('a.exe', 'b.pif', 'c.txt', 'd.cmd')]))
    yield case('banned-2231', m.multi([m.WORDS, b"Content-Type: application/octet-stream\nContent-Disposition: attachment; filename*=utf-8''b%C3%A9.exe\n\nx\n"]))
    yield case('banned-2047', m.attached('=?iso-8859-1?Q?r=E9.exe?=', b'x'))
    yield case('gz-bomb', m.attached('z.gz', m.gzipped(b'\0' * (1 << 20))))
    yield case('zip-deep', m.attached('z.zip', nest(8), 'application/zip'))
    yield case('zip-many', m.attached('z.zip', m.zipped(*(('f%02d' % i, b'x') for i in range(70))), 'application/zip'))
    yield case('zip-cut', m.attached('z.zip', m.zipped(('a.txt', b'a' * 3000))[:-30], 'application/zip'))
    yield case('gz-cut', m.attached('z.gz', m.gzipped(b'b' * 20000)[:-9]))
    yield case('no-from', m.plain(drop=('From',)))
    yield case('no-date', m.plain(drop=('Date',)))
    yield case('no-message-id', m.plain(drop=('Message-ID',)))
    yield case('no-subject', m.plain(drop=('Subject',)))
    yield case('twice-from', m.plain(more=[('From', 'x@away.test')]))
    yield case('utf8-subject', m.plain('caf\u00e9'))
    yield case('long-field', m.plain(more=[('X-Long', 'y' * 1200)]))
    yield case('blank-fold', m.plain('one\n  \n two'))
    yield case('nul-in-header', m.plain('a\0b'))
    yield case('cr-in-header', m.plain('a').replace(b'Subject: a', b'Subject: a\rb'))
    yield case('no-colon', m.plain('a').replace(b'Date:', b'this is no field\r\nDate:'))
    yield case('no-empty-line', b'From: a@away.test\r\nTo: rob@here.test\r\nDate: ' + m.DATE.encode() + b'\r\nSubject: x\r\n')
    yield case('received', m.plain(before=[('Received', 'from a.away.test (a.away.test [192.0.2.9])\n\tby mx.here.test (Postfix) with ESMTP id 1;\n\t' + m.DATE),
                                           ('Received', 'from [198.51.100.3] (helo=b) by a.away.test with SMTP; ' + m.DATE)]))
    yield case('forged-marks', m.plain(before=[('X-Virus-Scanned', 'yes'), ('X-Amavis-Alert', 'none'), ('X-Spam-Flag', 'NO'), ('X-Quarantine-ID', '<x>')]))
    yield case('resent', m.plain(before=[('Resent-From', 'z@away.test'), ('Resent-Date', m.DATE)]))
    for to in ('refused@here.test', 'later@here.test', 'bad-data@here.test', 'slow-data@here.test'):
        yield case('next-hop-' + to.split('@')[0], m.clean(), to)
        yield case('next-hop-' + to.split('@')[0] + '-and-one', m.clean(), [to, ROB])
        yield case('next-hop-' + to.split('@')[0] + '-lmtp', m.clean(), [to, ROB], lmtp=True)
    yield case('next-hop-refused-null', m.clean(), 'refused@here.test', sender='')
    yield case('next-hop-refused-never', m.clean(), 'refused@here.test', rcpt_params=['NOTIFY=NEVER'])
    yield case('ipv6', m.clean(), xforward='NAME=[UNAVAILABLE] ADDR=IPv6:2001:db8::7 PROTO=ESMTP HELO=six')
    yield case('xforward-unknown', m.clean(), xforward='NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE] PROTO=SMTP HELO=[UNAVAILABLE]')
    yield case('bad-sender', m.clean(), sender='ann@')
    yield case('bad-rcpt', m.clean(), '<>')


def nest(depth):
    data = b'deep'
    for i in range(depth):
        data = m.zipped(('l%d.zip' % i, data))
    return data


def fates(prefix=''):
    """Mails to recipients of different fate; sue and love@ are lovers in the sets that play these."""
    for k in ('virus', 'honest', 'banned', 'badh', 'unchecked'):
        make = m.CATEGORIES[k]
        yield case(prefix + k, make())
        yield case(prefix + k + '-outside', make(), xforward=OUTSIDE)
        yield case(prefix + k + '-far', make(), FAR, sender=ROB, second=True)
        yield case(prefix + k + '-null', make(), sender='')
        yield case(prefix + k + '-two', make(), [ROB, JOE])
        yield case(prefix + k + '-lover', make(), SUE)
        yield case(prefix + k + '-one-lover', make(), [ROB, SUE])
        yield case(prefix + k + '-one-lover-lmtp', make(), [ROB, SUE, JOE], lmtp=True)
        yield case(prefix + k + '-refused-lover', make(), ['refused@here.test', ROB, SUE])
        yield case(prefix + k + '-dsn-never', make(), rcpt_params=['NOTIFY=NEVER'])
        yield case(prefix + k + '-dsn-success', make(), [ROB, SUE], rcpt_params=['NOTIFY=SUCCESS', 'NOTIFY=SUCCESS,FAILURE'])
    yield case(prefix + 'virus-and-banned', m.attached('v.exe', m.VIRUS), [ROB, SUE])
    yield case(prefix + 'banned-and-bad', m.banned(more=[('Subject', 'twice')]), [ROB, SUE])
    yield case(prefix + 'locked-and-bad', m.unchecked(more=[('Subject', 'twice')]), [ROB, SUE])


def tags():
    """Passed mail is marked."""
    yield from each(xforward=OUTSIDE)
    yield from each('far-', to=FAR, sender=ROB, second=True)
    yield from each('two-', to=[ROB, SUE])
    yield from each('here-far-', to=[ROB, FAR])
    yield from each('plus-', only=['clean', 'virus', 'banned', 'badh'], to='rob+old@here.test')
    for k in ('virus', 'banned', 'unchecked'):
        make = m.CATEGORIES[k]
        yield case(k + '-no-subject', make(drop=('Subject',)))
    for subject, name in (('=?UTF-8?B?Y2Fmw6k=?= =?UTF-8?Q?_more?=', 'encoded'), ('caf\u00e9', 'raw'), ('a long\n subject\n\tfolded', 'folded'), ('', 'empty')):
        yield case('subject-' + name, m.attached('setup.exe', b'x', subject=subject))
    yield case('remove-fields', m.plain(before=[('X-Spam-Status', 'No'), ('X-Spam-Level', '***'), ('X-Checked-By', 'them'), ('X-Amavis-Hold', 'x'),
                                                ('X-Virus-Scanned', 'by us'), ('X-Amavis-Modified', 'x')]))
    yield case('remove-fields-far', m.plain(before=[('X-Checked-By', 'them'), ('X-Virus-Scanned', 'by us')]), FAR, sender=ROB, second=True)
    yield case('received-order', m.plain(before=[('Return-Path', '<x@y.test>'), ('Received', 'from a by b; ' + m.DATE)]))
    yield case('fixing-long', m.plain(more=[('X-Long', 'y ' * 700)]))
    yield case('fixing-blank', m.plain('one\n  \n two'))
    yield case('fixing-utf8', m.plain('caf\u00e9', body='\u00e9\n'.encode()))


def lists():
    """Rules per recipient and per sender."""
    people = ['novirus@here.test', 'nobanned@here.test', 'nohead@here.test', 'love.virus@here.test', 'love.banned@here.test', 'love.head@here.test',
              'love.locked@here.test', 'strict@here.test', 'open@here.test', 'named@here.test', 'pass@here.test', 'bounce@here.test', 'small@here.test',
              'ext@here.test', 'other-hop@here.test', 'dead-hop@here.test', 'gone@here.test', 'arc@here.test']
    for p in people:
        for k in ('clean', 'virus', 'banned', 'badh', 'unchecked'):
            yield case(p.split('@')[0] + '-' + k, m.CATEGORIES[k](), p)
    yield case('mixed-banned', m.banned(), ['nobanned@here.test', 'love.banned@here.test', 'strict@here.test', 'named@here.test', ROB])
    yield case('mixed-banned-lmtp', m.banned(), ['nobanned@here.test', 'love.banned@here.test', 'strict@here.test', 'named@here.test', ROB], lmtp=True)
    yield case('mixed-virus', m.virus(), ['novirus@here.test', 'love.virus@here.test', 'pass@here.test', 'bounce@here.test', ROB])
    yield case('mixed-head-lmtp', m.badh(), ['nohead@here.test', 'love.head@here.test', 'pass@here.test', 'bounce@here.test', ROB], lmtp=True)
    yield case('mixed-hops', m.clean(), ['other-hop@here.test', 'dead-hop@here.test', 'gone@here.test', ROB])
    yield case('mixed-hops-lmtp', m.clean(), ['other-hop@here.test', 'dead-hop@here.test', 'gone@here.test', ROB], lmtp=True)
    yield case('txt-strict', m.attached('a.txt', b'x'), 'strict@here.test')
    yield case('txt-named', m.attached('a.txt', b'x'), 'named@here.test')
    yield case('zip-strict', m.attached('a.zip', m.zipped(('a.txt', b'x')), 'application/zip'), 'strict@here.test')
    big = m.plain('big', b'0123456789abcdef\n' * 400)
    yield case('big', big)
    yield case('big-small', big, 'small@here.test')
    yield case('big-small-said', big, 'small@here.test', mail_params='SIZE=7000')
    yield case('big-one-small', big, [ROB, 'small@here.test'])
    yield case('big-one-small-lmtp', big, [ROB, 'small@here.test'], lmtp=True)
    yield case('too-big', m.plain('too big', b'0123456789abcdef\n' * 1300))
    yield case('too-big-said', m.clean(), mail_params='SIZE=999999')
    yield case('too-big-lmtp', m.plain('too big', b'0123456789abcdef\n' * 1300), [ROB, SUE], lmtp=True)
    for s in ('friend@white.test', 'foe@black.test', 'both@grey.test'):
        yield case('from-' + s.split('@')[0], m.clean(), sender=s)
        yield case('from-' + s.split('@')[0] + '-virus', m.virus(), sender=s)
        yield case('from-' + s.split('@')[0] + '-two', m.clean(), [ROB, SUE], sender=s)
    yield case('ext-plus', m.virus(), 'ext+here@here.test')


def hold():
    """Where quarantine goes."""
    yield from each(xforward=OUTSIDE)
    yield from each('two-', only=['virus', 'banned', 'badh', 'clean'], to=[ROB, SUE])
    yield from each('joe-', only=['virus', 'banned', 'badh', 'unchecked'], to=JOE)
    yield from each('null-', only=['virus', 'banned', 'clean'], sender='')
    yield case('utf8', m.virus(), 'b\u00e4r@here.test', sender='\u00e5sa@away.test', mail_params='SMTPUTF8')
    yield case('quoted', m.virus(), '"rob b"@here.test', sender='"ann b"@away.test')
    yield case('from-line', m.plain('from line', m.VIRUS + b'From here on\n>From there\n'), xforward=OUTSIDE)
    yield case('from-line-banned', m.multi([b'Content-Type: text/plain\n\nFrom here on\n\n\n', m.part('text/plain', b'x', 'a.exe')]))
    yield case('long-header', m.virus(before=[('X-Long', 'z ' * 600)]))
    yield case('marks', m.virus(before=[('X-Envelope-To', '<x@y>'), ('X-Quarantine-ID', '<x>'), ('Return-Path', '<a@b>'), ('Delivered-To', 'q')]))


def to_mail():
    """Quarantine, copies and notices by mail."""
    yield from each(xforward=OUTSIDE)
    yield from each('far-', to=FAR, sender=ROB, second=True)
    yield from each('two-', to=[ROB, SUE])
    yield from each('null-', only=['virus', 'banned', 'badh'], sender='')
    yield case('dsn-never', m.banned(), rcpt_params=['NOTIFY=NEVER'])


def banks():
    """Policy banks."""
    for k in ('clean', 'virus', 'banned', 'badh'):
        make = m.CATEGORIES[k]
        yield case(k, make())
        yield case(k + '-second', make(), second=True)
        yield case(k + '-mynets', make(), xforward=INSIDE)
        yield case(k + '-outside', make(), xforward=OUTSIDE)
        yield case(k + '-partner', make(), xforward=OUTSIDE.replace('192.0.2.7', '198.51.100.9'))
        yield case(k + '-partner6', make(), xforward='NAME=p6 ADDR=IPv6:2001:db8:5::1 PROTO=ESMTP HELO=p6')
        yield case(k + '-myusers', make(), sender=ROB)
        yield case(k + '-myusers-outside', make(), sender=ROB, xforward=OUTSIDE)
        yield case(k + '-myusers-mynets', make(), FAR, sender=ROB, xforward=INSIDE)
        yield case(k + '-author', make(sender='Boss <boss@away.test>'), xforward=OUTSIDE)
        yield case(k + '-mynets-second', make(), FAR, sender=ROB, second=True, xforward=INSIDE)
    yield case('greeting', m.clean(), greeting=True)
    yield case('greeting-second', m.clean(), greeting=True, second=True)
    yield case('greeting-second-lmtp', m.clean(), [ROB, SUE], greeting=True, second=True, lmtp=True)
    yield case('big-second', m.plain('big', b'0123456789abcdef\n' * 400), second=True)


def words():
    """Templates of log lines."""
    yield from each(xforward=OUTSIDE)
    yield from each('two-', to=[ROB, SUE, FAR])
    yield from each('null-', only=['clean', 'virus', 'banned'], sender='')
    yield from each('lmtp-', only=['clean', 'virus', 'badh'], to=[ROB, 'refused@here.test'], lmtp=True)
    yield case('utf8', m.plain('caf\u00e9 =?UTF-8?Q?=C3=A9?='), 'b\u00e4r@here.test', mail_params='SMTPUTF8')
    yield case('odd-subject', m.plain('a [b] %c \\d "e" | f\tg'))
    yield case('odd-agent', m.plain(more=[('User-Agent', 'Golden/1.0 (x; y)'), ('X-Mailer', 'm'), ('References', '<a@b> <c@d>'), ('In-Reply-To', '<c@d>')]))
    yield case('several-authors', m.plain(sender='A <a@away.test>, B <b@away.test>', before=[('Sender', 's@away.test')]))
    yield case('received', m.plain(before=[('Received', 'from a.away.test (a.away.test [192.0.2.9])\n\tby mx.here.test (Postfix) with ESMTP id 1;\n\t' + m.DATE),
                                           ('Received', 'from [198.51.100.3] (helo=b) by a.away.test with SMTP; ' + m.DATE)]))


def scanners():
    """Scanners that fail, and what backs them up."""
    yield from each(only=['clean', 'virus', 'banned', 'badh', 'unchecked'])
    yield from each('second-', only=['clean', 'virus', 'banned', 'badh', 'unchecked'], second=True)
    yield case('second-lmtp', m.clean(), [ROB, SUE], second=True, lmtp=True)


def session():
    """What a client may say besides a plain transaction."""
    hello, mail, rcpt = 'EHLO client.test', 'MAIL FROM:<ann@away.test>', 'RCPT TO:<rob@here.test>'
    scripts = {
        'helo': ['HELO client.test', mail, rcpt, 'DATA', '.', 'QUIT'],
        'no-hello': [mail, rcpt, 'DATA', '.', 'QUIT'],
        'hello-bare': ['EHLO', 'HELO', 'LHLO', 'QUIT'],
        'hello-twice': [hello, mail, hello, rcpt, 'QUIT'],
        'hello-switch': [hello, 'LHLO client.test', mail, rcpt, 'DATA', '.', 'QUIT'],
        'lower-case': ['ehlo client.test', 'mail from:<ann@away.test>', 'rcpt to:<rob@here.test>', 'data', '.', 'quit'],
        'spaces': [hello, 'MAIL FROM: <ann@away.test>', 'RCPT TO: <rob@here.test>', 'DATA', '.', 'QUIT'],
        'no-brackets': [hello, 'MAIL FROM:ann@away.test', 'RCPT TO:rob@here.test', 'QUIT'],
        'rcpt-first': [hello, rcpt, 'QUIT'],
        'data-first': [hello, 'DATA', 'QUIT'],
        'data-no-rcpt': [hello, mail, 'DATA', 'QUIT'],
        'mail-twice': [hello, mail, mail, 'QUIT'],
        'rset': [hello, mail, rcpt, 'RSET', 'DATA', mail, rcpt, 'DATA', '.', 'QUIT'],
        'rset-words': [hello, 'RSET now', 'QUIT now'],
        'noop': ['NOOP', hello, 'NOOP', 'NOOP hello', 'QUIT'],
        'vrfy': [hello, 'VRFY rob', 'VRFY', 'VRFY rob@here.test', 'EXPN list', 'HELP', 'HELP mail', 'QUIT'],
        'unknown': [hello, 'HELLO you', 'X', 'ETRN here.test', 'TURN', 'SEND FROM:<a@b.test>', 'QUIT'],
        'unoffered': [hello, 'STARTTLS', 'AUTH PLAIN AGEAYg==', 'BDAT 5 LAST', 'QUIT'],
        'mail-params': [hello, mail + ' BODY=BINARYMIME', mail + ' BODY=x', mail + ' SIZE=x', mail + ' SIZE', mail + ' FOO=bar', mail + ' RET=ALL',
                        mail + ' ENVID=', mail + ' BODY=8BITMIME BODY=7BIT', 'QUIT'],
        'rcpt-params': [hello, mail, rcpt + ' NOTIFY=NEVER,SUCCESS', rcpt + ' NOTIFY=SOME', rcpt + ' ORCPT=x', rcpt + ' FOO=bar', rcpt + ' NOTIFY=', 'QUIT'],
        'addresses': [hello, 'MAIL FROM:<>', 'RSET', 'MAIL FROM:<ann>', 'RSET', 'MAIL FROM:<@a.test:ann@away.test>', 'RSET',
                      'MAIL FROM:<ann@[192.0.2.1]>', 'RSET', 'MAIL FROM:<"a\\"b"@away.test>', 'RSET', 'MAIL FROM:<ann@away.test.>', 'RSET',
                      'MAIL FROM:<ann away@x.test>', 'RSET', 'MAIL FROM:<a@b@c.test>', 'RSET', 'MAIL FROM:', 'RSET', 'MAIL', 'RSET',
                      'MAIL TO:<ann@away.test>', mail, 'RCPT TO:<>', 'RCPT TO:<postmaster>', 'RCPT TO:', 'RCPT', 'RCPT FROM:<x@y.test>', 'QUIT'],
        'two-mails': [hello, mail, rcpt, 'DATA', '.', mail, 'RCPT TO:<sue@here.test>', 'DATA', '.', 'QUIT'],
        'two-mails-lmtp': ['LHLO client.test', mail, rcpt, 'DATA', '.', mail, 'RCPT TO:<sue@here.test>', 'DATA', '.', 'QUIT'],
        'pipelined': [hello, mail + '\n' + rcpt + '\nRCPT TO:<sue@here.test>\nDATA', '.', 'QUIT'],
        'pipelined-bad': [hello, mail + '\nRCPT FROM:<x@y.test>\nDATA', 'QUIT'],
        'recipients': [hello, mail] + ['RCPT TO:<rob%d@here.test>' % i for i in range(1, 6)] + ['DATA', '.', 'QUIT'],
        'recipients-twice': [hello, mail, rcpt, rcpt, 'RCPT TO:<ROB@here.test>', 'DATA', '.', 'QUIT'],
        'xforward': [hello, 'XFORWARD', 'XFORWARD NAME', 'XFORWARD FOO=bar', 'XFORWARD NAME=', 'XFORWARD NAME=a+20b.test ADDR=192.0.2.9', mail,
                     'XFORWARD NAME=x.test', rcpt, 'DATA', '.', 'QUIT'],
        'xforward-again': [hello, 'XFORWARD NAME=a.test', 'XFORWARD ADDR=192.0.2.9 HELO=h', mail, rcpt, 'DATA', '.', mail, rcpt, 'DATA', '.', 'QUIT'],
        'eight-bit-command': [hello, 'MAIL FROM:<\u00e5sa@away.test>', 'RSET', mail, 'RCPT TO:<b\u00e4r@here.test>', 'QUIT'],
        'long-command': [hello, 'NOOP ' + 'x' * 1000, 'MAIL FROM:<' + 'a' * 300 + '@away.test>', 'QUIT'],
    }
    for name, script in scripts.items():
        yield case(name, m.clean(), script=script)


def oddities():
    """Rarer settings."""
    yield from each()
    yield from each('far-', to=FAR, sender=ROB, second=True)
    for to in ('rob-old@here.test', 'Rob@Here.Test', 'rob+x@here.test', 'rob--@here.test', '-x@here.test', 'postmaster@here.test', 'rob@sub.here.test',
               'rob@nothere.test', 'rob@[127.0.0.1]'):
        yield case('virus-to-' + to, m.virus(), to)
        yield case('clean-to-' + to, m.clean(), to, sender='ann-tag@away.test')
    yield case('bulk', m.virus(more=[('Precedence', 'bulk')]))
    yield case('auto', m.banned(more=[('Auto-Submitted', 'auto-replied')]))
    yield case('many', m.banned(), ['r%02d@here.test' % i for i in range(30)])
    yield case('hops', m.plain(before=[('Received', 'from h%d by h%d; %s' % (i, i + 1, m.DATE)) for i in range(105)]))


SETS = {'site': site, 'reject': fates, 'bounce': fates, 'tempfail': fates, 'softbounce': fates, 'discard': fates, 'tags': tags, 'lists': lists,
        'hold': hold, 'to-mail': to_mail, 'banks': banks, 'session': session, 'oddities': oddities, 'words': words, 'scanners': scanners, 'noscanner': scanners, **cases_more.SETS}


def of(name):
    seen = set()
    for c in SETS[name]():
        if c['name'] in seen:
            raise ValueError('%s: %s is there twice' % (name, c['name']))
        seen.add(c['name'])
        yield c
