#!/usr/bin/env python3
"""Turns recordings of the original (lab.py record) into the cases of golden.json: what went in, as far as it shows in
the fields that came out, and the exact header section that came out.

  from_recording.py MAILS basic=REF.json reject=REF.json seed=REF.json > golden.json
"""
import json, re, sys

KEEP = re.compile(r'badh-|clean-(plain|quoted|utf8|encoded|long|many|two)|spam-|limit-|virus-(lmtp|body)|subject')


def unfold(body):
    return re.sub(r'\n(?=[ \t])', '', body).lstrip()


def fields(text):
    return [f.split(':', 1) for f in re.split(r'\n(?![ \t])', text) if ':' in f]


def spam(case, status, quarantine):
    m = re.match(r'(Yes|No), score=(\S+) (.*?)(BLACKLISTED )?(WHITELISTED )?tests=\[(.*?)\] autolearn=(.*)$', status)
    case['score'] = m[2]
    for name, value in re.findall(r'(\w+)=(\S+)', m[3]):
        case['tag_' if name == 'tag' else name] = value
    case['tests'] = re.split(r', ?', m[6]) if m[6] else []
    case['autolearn'] = m[7]


def common(text, mail, config):
    got = fields(text)
    first = dict((k, unfold(v)) for k, v in reversed(got))
    r = re.match(r'from (\S+) \(\[(\S+)\]\) by (\S+) \((\S+) \[(\S+)\]\) \((\S+), port (\d+)\) with (\S+) id (\S+?)(?: for (<.*>))?; (.*)$',
                 first['Received'])
    case = {'orig': mail, 'helo': r[1], 'client': r[2], 'host': r[4], 'port': int(r[7]), 'proto': r[8], 'id': r[9],
            'for': r[10] or '', 'date': r[11], 'hold': first.get('X-Amavis-Hold', ''), 'config': config,
            'quarantined': 'X-Quarantine-ID' in first, 'modified': 'X-Amavis-Modified' in first,
            'alerts': [unfold(v) for k, v in got if k == 'X-Amavis-Alert'], 'flag': first.get('X-Spam-Flag', ''),
            'xscore': first.get('X-Spam-Score', ''), 'subject': first.get('Subject', '')}
    for tag in ('X-Virus-Scanned', 'X-Scanned-By'):
        if tag in first:
            case['tag'], case['line'] = tag, first[tag]
    if 'X-Spam-Status' in first:
        spam(case, first['X-Spam-Status'], False)
    return case, first


out = []
for arg in sys.argv[2:]:
    config, path = arg.split('=', 1)
    for c in json.load(open(path))['cases']:
        if not KEEP.match(c['name']) or config == 'seed' and not c['name'].startswith('badh-') or c['name'] == 'badh-long-line' and config != 'seed':
            continue
        mail = open('%s/%s.eml' % (sys.argv[1], c['name']), 'rb').read().decode('latin-1').replace('\r\n', '\n')
        head = re.split(r'\n\n', mail, maxsplit=1)[0] + '\n'
        for m in c['delivered']:
            if 'ENVID=AM.' in m['mail'] or m['mail'].startswith('MAIL FROM:<> ') and 'null' not in c['name']:
                continue
            text = m['data'].replace('\r\n', '\n').split('\n\n', 1)[0]
            case, _ = common(text, head, config)
            case.update(name='%s/%s' % (config, c['name']), kind='forward', rcpt=re.findall(r'<(.*)>', m['rcpt'][0])[0], want=text + '\n')
            out.append(case)
        for q in c['quarantine']:
            text = q['data'].split('\n\n', 1)[0]
            if text.startswith('From '):
                continue
            case, first = common(text, head, config)
            case.update(name='%s/%s' % (config, c['name']), kind='quarantine', sender=first['X-Envelope-From'],
                        to=first['X-Envelope-To'].split(', '), blocked=[b for b in first['X-Envelope-To-Blocked'].split(', ') if b],
                        want=re.sub(r'\A(?:(?:Return-Path|Delivered-To):.*\n(?:[ \t].*\n)*)*', '', text) + '\n')
            out.append(case)
json.dump(out, sys.stdout, indent=1)
