"""Cases of spam scores, tables, next hops, failures and limits; cases.py has the others and the helpers."""
import mails as m

ROB, SUE, JOE, FAR = 'rob@here.test', 'sue@here.test', 'joe@here.test', 'zoe@faraway.test'
OUTSIDE = 'NAME=mx.away.test ADDR=192.0.2.7 PORT=40000 PROTO=ESMTP HELO=mx.away.test SOURCE=REMOTE'
INSIDE = 'NAME=desk.here.test ADDR=10.2.3.4 PORT=40001 PROTO=SMTP HELO=desk SOURCE=LOCAL'
UTF8 = 'SMTPUTF8 BODY=8BITMIME'


def case(name, mail, to=ROB, sender='ann@away.test', **more):
    return {'name': name, 'from': sender, 'to': [to] if isinstance(to, str) else to, **more, 'mail': mail}


def scored(score, subject='scored words', **how):
    """A mail with a score; None is a mail of which the scanner says nothing."""
    how['more'] = list(how.get('more', ())) + ([] if score is None else [('X-Gold-Score', str(score))])
    return m.plain(subject, **how)


def spam():
    for s in (None, -3.25, 0, 1.4, 1.5, 1.4999, 4.999, 4.9996, 5, 7, 8, 9.9996, 10, 12.345, 19.999, 20, 23, 24, 25, 30, 1000.5):
        yield case('score-%s' % s, scored(s))
    for s in (None, 0.4, 1.5, 5, 7, 12, 25):
        yield case('far-%s' % s, scored(s), FAR, sender=ROB, second=True)
        yield case('inside-%s' % s, scored(s), [ROB, SUE], sender=ROB, xforward=INSIDE)
    for who in ('low', 'never', 'all', 'zero', 'love', 'nospam', 'joe', 'rob+box'):
        for s in (None, 0.5, 3.5, 6, 11, 31):
            yield case('%s-%s' % (who, s), scored(s), who + '@here.test')
    for s in (3.5, 6, 11, 21, 35):
        yield case('many-%s' % s, scored(s), [ROB, 'low@here.test', 'love@here.test', 'never@here.test', 'nospam@here.test', FAR])
        yield case('many-lmtp-%s' % s, scored(s), [ROB, 'low@here.test', 'love@here.test', 'never@here.test', 'nospam@here.test', FAR], lmtp=True)
        yield case('null-%s' % s, scored(s), sender='')
        yield case('list-%s' % s, scored(s, more=[('Precedence', 'list')]), sender='owner-l@away.test')
        yield case('tell-%s' % s, scored(s), sender='tell@away.test')
        yield case('quiet-%s' % s, scored(s), sender='quiet@away.test')
        yield case('kept-%s' % s, scored(s), sender='kept@away.test')
        yield case('never-%s-told' % s, scored(s), rcpt_params=['NOTIFY=NEVER'])
    for s in (2, 6, 11):
        before = [('X-Gold-Score', str(s))]
        for k in ('virus', 'banned', 'badh', 'unchecked'):
            yield case('%s-and-%s' % (k, s), m.CATEGORIES[k](before=before), [ROB, 'love@here.test'])
        yield case('no-subject-%s' % s, scored(s, drop=('Subject',)))
        yield case('utf8-subject-%s' % s, scored(s, '=?UTF-8?B?Y2Fmw6k=?= and caf\u00e9'))
        yield case('marks-%s' % s, scored(s, before=[('X-Spam-Flag', 'YES'), ('X-Spam-Score', '99'), ('X-Spam-Status', 'Yes'), ('X-Spam-Report', 'r')]))
        yield case('tagged-%s' % s, scored(s, '***SPAM 7 of 5*** again'))
    for name in ('Phish.One', 'Low.Two', 'Very.12', 'Other.Name'):
        yield case('virus-' + name, m.plain('named', b'TESTVIRUS/' + name.encode() + b'\n'))
        yield case('virus-' + name + '-scored', scored(6, body=b'TESTVIRUS/' + name.encode() + b'\n'), [ROB, 'low@here.test'])
    yield case('virus-two-names', m.multi([m.part('text/plain', b'TESTVIRUS/Phish.One\n'), m.part('text/plain', b'TESTVIRUS/Very.3\n')]))
    yield case('virus-name-and-virus', m.multi([m.part('text/plain', b'TESTVIRUS/Phish.One\n'), m.part('text/plain', m.VIRUS)]))


def spam_lists():
    for who in ('friend@white.test', 'ann@white.test', 'x@sub.white.test', 'y@trusted.test', 'y@a.trusted.test', 'postmaster@any.test', 'foe@black.test',
                'nice@black.test', 'z@deep.black.test', 'ann@away.test', 'bulk@away.test', 'offers@away.test', 'bob@sub.away.test', 'q@foe.test', '',
                'FRIEND@White.TEST', 'friend+x@white.test'):
        for to in (ROB, SUE, JOE, 'ann@sub.here.test', FAR):
            yield case('%s-to-%s' % (who or 'null', to), scored(2), to, sender=who)
    for who in ('ann@away.test', 'foe@black.test', 'friend@white.test', 'q@foe.test', 'offers@away.test'):
        yield case('all-' + who, scored(4), [ROB, SUE, JOE, FAR], sender=who)
        yield case('all-lmtp-' + who, scored(9), [ROB, SUE, JOE, FAR], sender=who, lmtp=True)
        yield case('second-' + who, scored(8), [ROB, SUE], sender=who, second=True)
        yield case('unscored-' + who, scored(None), [ROB, SUE], sender=who)
    yield case('header-from-only', scored(2, sender='Foe <foe@black.test>'))
    yield case('white-virus', m.virus(), [ROB, JOE], sender='friend@trusted.test')


def lookups():
    tags = ['rob@here.test', 'ROB@Here.Test', 'rob+ext@here.test', 'rob+other@here.test', 'Rob+Ext@HERE.test', 'rob@sub.here.test', 'ana@deep.sub.here.test',
            'ana+x@here.test', 'x@sub.here.test', 'x@deep.sub.here.test', 'x@here.test', 'lists+@here.test', 'lists+a@here.test', 'no@here.test', 'nil@here.test',
            'nought@here.test', 'x@hash.test', 'x@a.hash.test', 'x@not.hash.test', 'x@b.not.hash.test', 'x@acl.test', 'x@away.acl.test', 'x@b.away.acl.test',
            'x@re.test', 'x@ab.re.test', 'x@no.re.test', 'x@a.b.re.test', 'x@[192.0.2.5]', 'x@[192.0.2.6]', '"a b"@here.test', '"rob"@here.test', 'postmaster',
            'x@b\u00fccher.test', 'x@xn--bcher-kva.test', 'x@notthere.test', 'x@xhere.test', '+ext@here.test', 'rob++ext@here.test']
    for to in tags:
        yield case('tag-' + to, m.clean(), to, **({'mail_params': 'SMTPUTF8'} if not to.isascii() else {}))
    for to in ('abc+def@here.test', 'Abc+Def@Here.test', 'box.Old@here.test', 'undef@here.test', 'dollar@here.test', 'one@here.test', 'zero@here.test', SUE, JOE,
               'plain@here.test', 'sue@sub.here.test'):
        yield case('box-' + to, m.virus(), to)
    yield case('box-many', m.virus(), ['abc+def@here.test', SUE, 'sue+a@here.test', 'one@here.test', 'zero@here.test', ROB])
    for to in (ROB, 'ROB@HERE.TEST', 'x@sub.here.test', 'x@deep.sub.here.test', 'x@more.deep.sub.here.test', 'x@exact.here.test', 'x@not.exact.here.test',
               'user@here.test', 'user@anywhere.test', 'User+x@here.test', 'x@here.test'):
        yield case('list-' + to, m.banned(), to)
    for to in ('a@here.test', 'a@sub.here.test', 'a@faraway.test', 'b@here.test', 'b@faraway.test', 'A+x@here.test'):
        yield case('lover-' + to, m.badh(), to)
    for to in ('late@here.test', 'pass@here.test', 'through@far.test', 'drop@here.test', 'late+x@here.test', 'other@here.test', 'pass+x@here.test',
               'through@here.test', 'through+a@here.test', 'through+b@here.test', 'pass@faraway.test', 'pass@sub.here.test'):
        yield case('fate-' + to, m.unchecked(), to)
    yield case('fates-lmtp', m.unchecked(), ['late@here.test', 'pass@here.test', 'drop@here.test', 'other@here.test'], lmtp=True)
    yield case('fates', m.unchecked(), ['pass@here.test', 'drop@here.test', 'other@here.test'])


def methods():
    people = ['batch', 'batch2', 'discard', 'none', 'odd', 'lmtp', 'star', 'inet', 'dead', 'name', 'list', 'socket', 'true', 'false', 'busy', 'nouser',
              'unavail', 'data', 'upper', 'params', 'args', 'signal']
    for p in people:
        yield case(p, m.clean(), p + '@here.test')
        yield case(p + '-and-rob-lmtp', m.badh(), [p + '@here.test', ROB], lmtp=True)
    for p in ('discard', 'lmtp', 'true', 'false', 'busy', 'nouser', 'dead', 'batch'):
        yield case(p + '-and-rob', m.clean(), [p + '@here.test', ROB])
        yield case('rob-and-' + p, m.clean(), [ROB, p + '@here.test'])
    yield case('args-null', m.clean(), 'args@here.test', sender='')
    yield case('args-quoted', m.clean(), 'args@here.test', sender='"a b"@away.test')
    yield case('batch-dots', m.plain(body=b'.\n..a\nFrom x\n'), ['batch@here.test', 'batch2@here.test'])
    yield case('batch-dsn', m.clean(), 'batch@here.test', mail_params='RET=HDRS ENVID=e1', rcpt_params=['NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;x@y.test'])
    yield case('batch-null', m.clean(), 'batch@here.test', sender='')
    yield case('batch-utf8', m.clean(), 'b\u00e4tch@here.test', sender='\u00e5@away.test', mail_params=UTF8)
    yield case('batch-8bit', m.plain(body=b'caf\xe9\n'), 'batch@here.test', mail_params='BODY=8BITMIME')
    for k in ('virus', 'banned', 'unchecked', 'badh'):
        yield case('held-' + k, m.CATEGORIES[k](), [ROB, SUE])
        yield case('held-null-' + k, m.CATEGORIES[k](), sender='', mail_params='ENVID=x+2By RET=FULL', rcpt_params=['NOTIFY=NEVER'])


def holdfail():
    for n in (1, 2, 5, 6, 7, 8, 9, 0):
        yield case('box-%d' % n, m.virus(), 'q%d@here.test' % n)
    yield case('box-good-and-bad', m.virus(), ['q0@here.test', 'q7@here.test'])
    yield case('box-bad-lmtp', m.virus(), ['q0@here.test', 'q8@here.test', ROB], lmtp=True)
    for k in ('banned', 'badh', 'unchecked'):
        yield case('hold-' + k, m.CATEGORIES[k]())
    for n in (1, 2, 3):
        yield case('admin-%d' % n, m.virus(), 'a%d@here.test' % n)
    yield case('warn-later', m.virus(), 'later@here.test')
    yield case('warn-refused', m.virus(), 'refused@here.test')
    for who in ('later', 'refused', 'bad-data'):
        yield case('bounce-' + who, m.virus(), sender=who + '@here.test')
        yield case('bounce-' + who + '-lmtp', m.virus(), [ROB, SUE], sender=who + '@here.test', lmtp=True)
        yield case('bounce-mta-' + who, m.clean(), ['refused2@here.test', ROB], sender=who + '@here.test')


def mixed_fates():
    pairs = [['pass', 'bounce'], ['pass', 'reject'], ['pass', 'drop'], ['pass', 'wait'], ['bounce', 'reject'], ['bounce', 'drop'], ['reject', 'drop'],
             ['reject', 'wait'], ['drop', 'wait'], ['pass', 'bounce', 'reject', 'drop'], ['pass', 'bounce', 'reject', 'drop', 'wait'], ['reject', 'reject2'],
             ['refused', 'pass'], ['refused', 'drop'], ['refused', 'reject'], ['later', 'drop'], ['later', 'reject'], ['refused', 'refused2', 'drop'],
             ['bad-data', 'reject'], ['bad-data', 'pass']]
    makes = {'spam': lambda: scored(11), 'virus': m.virus, 'banned': m.banned}
    for k, make in makes.items():
        for p in pairs:
            to = ['reject@here.test' if x == 'reject2' else x + '@here.test' for x in p]
            if p == ['reject', 'reject2']:
                to = ['reject@here.test', 'Reject@here.test']
            yield case('-'.join([k] + p), make(), to)
            yield case('-'.join([k, 'lmtp'] + p), make(), to, lmtp=True)
    for p in (['pass', 'refused'], ['later', 'pass'], ['refused', 'later', 'pass'], ['bad-data', 'pass'], ['slow', 'refused']):
        to = [x + '@here.test' for x in p]
        yield case('-'.join(['clean'] + p), m.clean(), to)
        yield case('-'.join(['clean-dsn'] + p), m.clean(), to, mail_params='RET=HDRS', rcpt_params=['NOTIFY=SUCCESS'] * len(to))
        yield case('-'.join(['clean-lmtp'] + p), m.clean(), to, lmtp=True)
        yield case('-'.join(['clean-second'] + p), m.clean(), to, second=True, sender=ROB)
        yield case('-'.join(['low'] + p), scored(4), to + ['low@here.test'])
    for k in ('clean', 'virus', 'banned', 'unchecked', 'badh'):
        yield case('bcc-' + k, m.CATEGORIES[k](), ['pass@here.test', FAR], sender=ROB, second=True)
        yield case('bcc-lmtp-' + k, m.CATEGORIES[k](), ['pass@here.test', 'drop@here.test'], lmtp=True)
        yield case('bcc-second-lmtp-' + k, m.CATEGORIES[k](), ['pass@here.test', 'refused@here.test'], second=True, lmtp=True)


def plainhop():
    # Without PIPELINING the original waits for a reply to a RCPT that it has not sent, so those go to the other port.
    for k, mail, more in (('clean', m.clean(), {}), ('two', m.clean(), {'to': [ROB, 'refused@here.test', SUE]}), ('later', m.clean(), {'to': [ROB, 'later@here.test']}),
                          ('none', m.clean(), {'to': ['refused@here.test', 'refused2@here.test']}), ('lmtp', m.clean(), {'to': [ROB, 'later@here.test'], 'lmtp': True}),
                          ('data', m.clean(), {'to': ['bad-data@here.test', ROB]}), ('banned', m.banned(), {}), ('eight', m.plain(body=b'caf\xe9\n'), {'mail_params': 'BODY=8BITMIME'})):
        yield case('bare-' + k, mail, second=True, **more)
    yield case('clean', m.clean())
    yield case('two', m.clean(), [ROB, 'refused@here.test', SUE])
    yield case('later', m.clean(), [ROB, 'later@here.test'])
    yield case('none', m.clean(), ['refused@here.test', 'refused2@here.test'])
    yield case('dsn', m.clean(), mail_params='RET=HDRS ENVID=e1', rcpt_params=['NOTIFY=SUCCESS ORCPT=rfc822;o@old.test'])
    yield case('dsn-far', m.clean(), [FAR, ROB], sender=ROB, second=True, mail_params='RET=FULL', rcpt_params=['NOTIFY=SUCCESS,FAILURE', ''])
    yield case('eight-bit', m.plain(body=b'caf\xe9\n'), mail_params='BODY=8BITMIME')
    yield case('eight-bit-unsaid', m.plain(body=b'caf\xe9\n'))
    yield case('seven-bit-said', m.clean(), mail_params='BODY=7BIT')
    yield case('eight-said-seven-sent', m.clean(), mail_params='BODY=8BITMIME')
    yield case('utf8-needless', m.clean(), mail_params='SMTPUTF8')
    yield case('utf8-header', m.plain('caf\u00e9'), mail_params='SMTPUTF8')
    yield case('utf8-rcpt-domain', m.clean(), 'rob@b\u00fccher.test', mail_params='SMTPUTF8')
    yield case('utf8-rcpt-domain-unsaid', m.clean(), 'rob@b\u00fccher.test')
    yield case('utf8-rcpt-local', m.clean(), ['b\u00e4r@here.test', ROB], mail_params='SMTPUTF8')
    yield case('utf8-rcpt-both', m.clean(), 'b\u00e4r@b\u00fccher.test', mail_params='SMTPUTF8')
    yield case('utf8-sender-domain', m.clean(), sender='ann@b\u00fccher.test', mail_params='SMTPUTF8')
    yield case('utf8-sender-local', m.clean(), [ROB, SUE], sender='\u00e5sa@away.test', mail_params='SMTPUTF8')
    yield case('utf8-sender-lmtp', m.clean(), [ROB, SUE], sender='\u00e5sa@away.test', mail_params='SMTPUTF8', lmtp=True)
    yield case('utf8-rcpt-lmtp', m.clean(), ['b\u00e4r@here.test', ROB, 'x@b\u00fccher.test'], mail_params='SMTPUTF8', lmtp=True)
    yield case('utf8-upper-domain', m.clean(), 'rob@B\u00dcCHER.Test', mail_params='SMTPUTF8')
    yield case('banned', m.banned())
    yield case('banned-utf8-sender', m.banned(), sender='\u00e5sa@away.test', mail_params=UTF8)
    yield case('banned-utf8-domain', m.banned(), sender='ann@b\u00fccher.test', mail_params='SMTPUTF8')
    yield case('xforward', m.clean(), xforward=OUTSIDE)


def limits():
    # Over LMTP the original answers once for all recipients when the data is too large, and the client waits for more.
    for n in (500, 1500, 2500, 3500, 6500):
        big = m.plain('big', b'0123456789abcde\n' * (n // 17))
        for to in (ROB, 'small@here.test', 'tiny@here.test', 'free@here.test', 'none@here.test'):
            yield case('%d-%s' % (n, to), big, to)
        yield case('%d-fates' % n, big, ['bounce@here.test', 'pass@here.test', 'drop@here.test'])
        yield case('%d-pass' % n, big, ['pass@here.test', 'pass+x@here.test'])
        yield case('%d-mynets' % n, big, xforward=INSIDE)
    for size in (60, 1500, 2500, 3500, 6500):
        for to in (ROB, 'small@here.test', 'tiny@here.test', 'free@here.test', 'bounce@here.test', 'pass@here.test', 'wait@here.test', 'drop@here.test'):
            yield case('said-%d-%s' % (size, to), m.clean(), to, mail_params='SIZE=%d' % size)
        yield case('said-%d-several' % size, m.clean(), ['small@here.test', 'pass@here.test', 'tiny@here.test'], mail_params='SIZE=%d' % size)
        yield case('said-%d-mynets' % size, m.clean(), mail_params='SIZE=%d' % size, xforward=INSIDE)
        yield case('said-%d-lmtp' % size, m.clean(), [ROB, 'small@here.test'], mail_params='SIZE=%d' % size, lmtp=True)
    hello, mail, rcpt = 'EHLO client.test', 'MAIL FROM:<ann@away.test>', 'RCPT TO:<rob@here.test>'
    scripts = {
        'auth-none': [hello, mail, 'AUTH', 'QUIT'],
        'auth-plain': [hello, 'AUTH PLAIN AGFubgBzZWNyZXQ=', mail, rcpt, 'DATA', '.', 'QUIT'],
        'auth-plain-identity': [hello, 'AUTH PLAIN eABhbm4Ac2VjcmV0', mail, rcpt, 'DATA', '.', 'QUIT'],
        'auth-plain-asked': [hello, 'AUTH PLAIN', 'AGFubgBzZWNyZXQ=', mail, 'QUIT'],
        'auth-login': [hello, 'AUTH LOGIN', 'YW5u', 'c2VjcmV0', mail, rcpt, 'QUIT'],
        'auth-cram': [hello, 'AUTH CRAM-MD5', 'QUIT'],
        'auth-cancel': [hello, 'AUTH PLAIN', '*', mail, 'QUIT'],
        'auth-bad': [hello, 'AUTH PLAIN !!!!', 'AUTH PLAIN', '!!!', 'AUTH PLAIN =', 'AUTH DIGEST-MD5', 'AUTH', 'QUIT'],
        'auth-twice': [hello, 'AUTH PLAIN AGFubgBzZWNyZXQ=', 'AUTH PLAIN AGFubgBzZWNyZXQ=', 'QUIT'],
        'auth-late': [hello, 'AUTH PLAIN AGFubgBzZWNyZXQ=', mail, 'AUTH PLAIN AGFubgBzZWNyZXQ=', 'QUIT'],
        'auth-lower': ['ehlo client.test', 'auth plain AGFubgBzZWNyZXQ=', 'mail from:<ann@away.test> AUTH=ann@away.test', 'rcpt to:<rob@here.test>', 'data', '.', 'quit'],
        'auth-helo': ['HELO client.test', 'AUTH PLAIN AGFubgBzZWNyZXQ=', mail, 'QUIT'],
        'auth-param': [hello, 'AUTH PLAIN AGFubgBzZWNyZXQ=', mail + ' AUTH=<>', 'RSET', mail + ' AUTH=e+3Dmc2@example.com', 'RSET', mail + ' AUTH=bad=', 'QUIT'],
        'words': [hello, 'VRFY x', 'NOOP', 'RSET', 'QUIT'],
    }
    for name, script in scripts.items():
        yield case(name, m.clean(), script=script, second=True)
    yield case('first-auth', m.clean(), script=[hello, 'AUTH PLAIN AGFubgBzZWNyZXQ=', mail, 'QUIT'])
    yield case('recipients', m.clean(), script=[hello, mail] + ['RCPT TO:<r%d@here.test>' % i for i in range(5)] + ['DATA', '.', 'QUIT'])
    yield case('recipients-lmtp', m.clean(), script=['LHLO client.test', mail] + ['RCPT TO:<r%d@here.test>' % i for i in range(5)] + ['QUIT'])


SETS = {'spam': spam, 'spam-lists': spam_lists, 'lookups': lookups, 'methods': methods, 'holdfail': holdfail, 'mixed-fates': mixed_fates,
        'plainhop': plainhop, 'limits': limits}
