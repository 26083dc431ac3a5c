#!/usr/bin/env python3
"""Picks notices out of recordings of the original (lab.py record) for golden.json.

  from_recording.py MAILS basic=REF.json reject=REF.json > golden.json
"""
import json, re, sys

KEEP = {'banned-exe', 'banned-two-recipients', 'banned-accent-2047', 'virus-body', 'virus-lmtp', 'badh-8bit-latin1', 'badh-mime-no-end',
        'badh-duplicate-subject', 'spam-gtube-two-recipients', 'mta-rejects', 'mta-rejects-one', 'banned-dsn-success', 'banned-long-name', 'badh-long-line'}
out = []
for arg in sys.argv[2:]:
    config, path = arg.split('=', 1)
    for c in json.load(open(path))['cases']:
        notices = [m for m in c['delivered'] if 'ENVID=AM.' in m['mail']]
        relay = [m for m in notices if 'Remote-MTA' in m['data'] or 'Original-Recipient' in m['data'] or 'Delivery report' in m['data']]
        if c['name'] in KEEP or relay:
            mail = open('%s/%s.eml' % (sys.argv[1], c['name']), 'rb').read().decode('latin-1').replace('\r\n', '\n')
            for m in notices:
                kind = 'dsn' if m['mail'].startswith('MAIL FROM:<> ') else 'recip' if '<VR' in m['data'] else 'spam_admin' if '<SA' in m['data'] else 'admin'
                boundary = re.search(r'boundary="(.*?)"', m['data'].split('\r\n\r\n')[0])
                out.append({'name': '%s/%s' % (config, c['name']), 'kind': kind, 'orig': mail.split('\n\n', 1)[0] + '\n',
                            'mail': m['mail'], 'rcpt': [re.search(r'<(.*?)>', r)[1] for r in m['rcpt']],
                            'boundary': boundary[1] if boundary else '', 'data': m['data'].replace('\r\n', '\n')})
json.dump(out, sys.stdout, indent=1)
