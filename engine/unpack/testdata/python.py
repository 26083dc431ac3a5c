#!/usr/bin/env python3
"""python.py DIR: the mails of Python's own tests of its package email (PSF licence), each with a Message-ID to know it by.

Recorded as python.jsonl.gz from the original like formats.jsonl.gz (formats.py), with Python 3.13.
"""
import glob, os, re, sys, test.test_email

out = sys.argv[1]
os.makedirs(out, exist_ok=True)
for f in sorted(glob.glob(os.path.join(os.path.dirname(test.test_email.__file__), 'data', 'msg_*.txt'))):
    name, b = 'py-' + os.path.basename(f)[:-4], open(f, 'rb').read()
    head, sep, rest = re.split(rb'(\r?\n\r?\n)', b, maxsplit=1) if re.search(rb'\r?\n\r?\n', b) else (b, b'', b'')
    head = re.sub(rb'(?mi)^message-id:.*\n(?:[ \t].*\n)*', b'', head + b'\n')[:-1]
    if head.startswith(b'From '):
        head = head.split(b'\n', 1)[1]
    open(os.path.join(out, name + '.eml'), 'wb').write(b'Message-ID: <%s@formats.test>\n' % name.encode() + head + sep + rest)
