#!/usr/bin/env python3
"""record.py AMAVIS_LOG MAILS OUT.json[l.gz]: what the original, at log level 5, found in each mail of a folder.

The log comes from the lab: lab.py record with a configuration whose $log_level is 5. For every Message-ID the paths of
parts are kept (as in its "p.path" lines, first recipient) and, where it stopped unpacking, the fact that it did.
"""
import base64, glob, gzip, json, os, re, sys

log, mails, out = sys.argv[1:4]
tasks, ids = {}, {}
for line in open(log, encoding='utf-8', errors='surrogateescape'):
    m = re.search(r'\]: \((\d+-\d+(?:-\d+)?)\) (.*)', line)
    if not m:
        continue
    am, text = m.groups()
    t = tasks.setdefault(am, {'paths': [], 'rcpt': None, 'hold': False, 'mime': '', 'failed': []})
    m = re.match(r'p\.path(?: BANNED:\S+)? (\S+|".*?"@\S+|[^"]*?): "(.*?)"(?:, matching_key=.*)?$', text)
    if m:
        if t['rcpt'] in (None, m[1]):
            t['rcpt'] = m[1]
            t['paths'].append(m[2].replace('\\\\', '\\'))
    m = re.match(r'WARN: MIME::Parser (.*)', text)
    if m:
        t['mime'] = m[1]
    if 'HOLD reason' in text:
        t['hold'] = True
    m = re.match(r'(?:\(!\))?Decoding of (p\d+) ', text)
    if m:
        t['failed'].append(m[1])
    m = re.search(r'(?:Passed|Blocked) .*Message-ID: (<[^>]*>)', text)
    if m:
        ids[m[1]] = am
res = {}
for f in sorted(glob.glob(os.path.join(mails, '*.eml'))):
    head = re.split(rb'\r?\n\r?\n', open(f, 'rb').read())[0]
    m = re.search(rb'(?mi)^message-id:\s*(<[^>]*>)', head)
    am = ids.get(m[1].decode()) if m else None
    if am and tasks[am]['paths']:
        t = tasks[am]
        res[os.path.basename(f)[:-4]] = {k: v for k, v in (('paths', t['paths']), ('hold', t['hold']), ('mime', t['mime']), ('failed', t['failed'])) if v}
if out.endswith('.gz'):      # with the mails themselves
    with open(out, 'wb') as f, gzip.GzipFile('', 'wb', 9, f, 0) as z:
        for n, r in res.items():
            mail = base64.b64encode(open(os.path.join(mails, n + '.eml'), 'rb').read()).decode()
            z.write((json.dumps(dict(r, name=n, mail=mail), sort_keys=True) + '\n').encode())
else:
    json.dump(res, open(out, 'w'), indent=1, ensure_ascii=False, sort_keys=True)
print(len(res), 'mails')
