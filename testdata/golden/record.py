#!/usr/bin/env python3
"""Record what amavisd-new does with the cases of cases.py under each set's configuration, as SET/golden.json.

  record.py [SET...]     needs the original, /usr/sbin/amavisd (Debian: amavisd-new 2.13.0), and root

Twice the same recording gives the same files. compat/daemon/golden_test.go plays the files to our own daemon."""
import gzip, json, os, pwd, re, shutil, signal, socket, subprocess, sys, time
import cases, peers

HERE = os.path.dirname(os.path.abspath(__file__))
PORT = 21500
BODY_AS_SENT = '<AS SENT>'


def rules():
    for line in open(os.path.join(HERE, 'normalise.tsv'), encoding='utf-8'):
        if not line.startswith('#'):
            kind, pattern, *new = line.rstrip('\n').split('\t')
            yield kind, re.compile(pattern, re.M), new[0] if new else ''


class Normaliser:
    """Made for one case: knows the ids that occur in it."""
    def __init__(self, fill, texts):
        self.plain = [(fill['BASE'], '<BASE>')]
        self.subs = [(re.compile(r'\b%s\b' % fill[k]), '<%s>' % k) for k in ('PORT', 'PORT2', 'SINK')]
        ids = set()
        for kind, pattern, new in rules():
            if kind == 'id':
                ids.update(m for t in texts for m in pattern.findall(t))
            else:
                self.subs.append((pattern, new.replace('\\', '\\\\')))
        self.subs += [(re.compile(r'(^|[ /])%s/([^ /,]*(?:<MAIL_ID>|\.mbox))' % re.escape(i[0])), r'\1<LEVEL>/\2') for i in sorted(ids)]
        self.plain += sorted((i, '<MAIL_ID>') for i in ids)

    def __call__(self, s):
        for old, new in self.plain:
            s = s.replace(old, new)
        for pattern, new in self.subs:
            s = pattern.sub(new, s)
        return s


def split(data, body_sent):
    head, sep, body = data.partition('\r\n\r\n') if '\r\n' in data else data.partition('\n\n')
    end = '\r\n' if '\r\n' in head else '\n'
    fields = [f.replace('\r\n', '\n') for f in re.split(end + r'(?![ \t])', head)]
    body = body.replace('\r\n', '\n')
    return fields, BODY_AS_SENT if sep and body == body_sent else body


def in_order(command):
    """A command with its parameters sorted: their order means nothing."""
    head = re.match(r'(XFORWARD|\S+ (?:FROM|TO):<.*?>(?= |$))', command)[0]
    return ' '.join([head] + sorted(command[len(head):].split()))


def own(header):
    """The original builds its notices with their header fields in no fixed order."""
    return any(re.match('Message-ID: <(VA|VR|DSN)', f) for f in header)


def outcome(case, fill, said, mails, held, log):
    """The comparable form of all that was seen. golden_test.go does the same."""
    sent = case['mail'].decode('latin-1').partition('\r\n\r\n')[2].replace('\r\n', '\n')
    mails = [(env, data.decode('latin-1')) for env, data in mails]
    n = Normaliser(fill, said + log + [d for _, d in mails] + ['quarantine/' + name for name, _, _ in held] + [d for _, _, d in held])
    delivered = []
    for env, data in mails:
        header, body = split(data, sent)
        if own(header):
            header.sort()
            if 'quoted-printable' in body:
                body = body.replace('=\n', '').replace('=3D', '=')
        env = [n(in_order(e)) for e in env]
        delivered.append({'envelope': env, 'header': [n(f) for f in header], 'body': n(body)})
    delivered.sort(key=lambda d: json.dumps(d, ensure_ascii=True))
    files = []
    for name, mode, data in sorted(held):
        header, body = split(data, sent)
        files.append({'name': n('quarantine/' + name)[11:], 'mode': mode, 'header': [n(f) for f in header], 'body': n(body)})
    files.sort(key=lambda d: json.dumps(d, ensure_ascii=True))
    return {'replies': [n(x) for x in said], 'log': [n(x) for x in log], 'delivered': delivered, 'held': files}


def files_below(folder):
    return {os.path.relpath(os.path.join(d, f), folder) for d, _, fs in os.walk(folder) for f in fs}


def read_held(folder, name):
    path = os.path.join(folder, name)
    data = open(path, 'rb').read()
    if name.endswith('.gz'):
        data = gzip.decompress(data)
    return name, '%04o' % (os.stat(path).st_mode & 0o7777), data.decode('latin-1')


def lines_of(path, start):
    time.sleep(0.12)
    if not os.path.exists(path):
        return [], start
    with open(path, 'rb') as f:
        f.seek(start)
        text = f.read().decode('latin-1')
        rows = [re.sub(r'^.*?\]: \(\d+-\d+(?:-\d+)?\) ', '', x) for x in text.splitlines() if re.search(r'\]: \(\d+-\d+', x)]
        rows = [x for x in rows if x.startswith(('Passed ', 'Blocked ', 'GOLD ', '...'))]    # all else is worded anew
        return rows, f.tell()


def prepare(name):
    base = '/tmp/gold-' + name
    for folder in (base, base + '-etc'):
        shutil.rmtree(folder, ignore_errors=True)
    for sub in ('tmp', 'db', 'quarantine'):
        os.makedirs(os.path.join(base, sub))
    os.makedirs(base + '-etc')
    fill = {'BASE': base, 'PORT': PORT, 'PORT2': PORT + 1, 'SINK': PORT + 2}
    # With the spam checks off the original forgets to load the module that it unpacks and writes gzip with.
    paths = [base + '-etc/zlib.conf']
    open(paths[0], 'w').write('require Amavis::IO::Zlib; 1;\n')
    for src in (os.path.join(HERE, 'common.conf'), os.path.join(HERE, name, 'amavisd.conf')):
        text = re.sub('@(BASE|PORT|PORT2|SINK)@', lambda m: str(fill[m[1]]), open(src, encoding='utf-8').read())
        paths.append(os.path.join(base + '-etc', '%d.conf' % len(paths)))
        open(paths[-1], 'w', encoding='utf-8').write(text)
    who = pwd.getpwnam('amavis')
    for d, _, _ in os.walk(base):
        os.chown(d, who.pw_uid, who.pw_gid)
    for sub in cases.FOLDERS.get(name, []):
        os.makedirs(os.path.join(base, 'quarantine', sub))
        os.chown(os.path.join(base, 'quarantine', sub), who.pw_uid, who.pw_gid)
    return fill, paths


def wait_for(daemon, port):
    for _ in range(200):
        if daemon.poll() is not None:
            break
        try:
            socket.create_connection(('127.0.0.1', port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit('the filter did not start')


def record(name):
    fill, confs = prepare(name)
    hop = peers.NextHop(fill['SINK'])
    with open(fill['BASE'] + '/stdout', 'w') as out:
        daemon = subprocess.Popen(['/usr/sbin/amavisd'] + [x for c in confs for x in ('-c', c)] + ['foreground'],
                                  stdout=out, stderr=out, start_new_session=True)
    result, mails = [], {}
    try:
        wait_for(daemon, fill['PORT'])
        log, folder = fill['BASE'] + '/amavis.log', fill['BASE'] + '/quarantine'
        _, at = lines_of(log, 0)
        for case in cases.of(name):
            for old in files_below(folder):
                os.remove(os.path.join(folder, old))
            hop.take()
            try:
                said = peers.Client(fill['PORT2' if case.get('second') else 'PORT']).play(case)
            except ConnectionError:
                said = ['connection lost']
            except TimeoutError:
                sys.exit('no reply in %s' % case['name'])
            lines, at = lines_of(log, at)
            held = [read_held(folder, f) for f in files_below(folder)]
            want = outcome(case, fill, said, hop.take(), held, lines)
            mail = case.pop('mail').decode('latin-1').replace('\r\n', '\n')
            first = mails.setdefault(mail, case['name'])
            given = {'mail': mail} if first == case['name'] else {'mail_of': first}
            result.append({**case, **given, 'want': want})
    finally:
        os.killpg(daemon.pid, signal.SIGTERM)
        daemon.wait(15)
        hop.shutdown()
        hop.server_close()
    with open(os.path.join(HERE, name, 'golden.json'), 'w', encoding='utf-8') as f:
        json.dump(result, f, indent=0, ensure_ascii=False)
        f.write('\n')
    print('%s: %d cases' % (name, len(result)))


if __name__ == '__main__':
    for s in sys.argv[1:] or sorted(cases.SETS):
        record(s)
