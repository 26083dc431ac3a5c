#!/usr/bin/env python3
"""ascii.py MKMAILS DIR: texts with encoded files, in the shape of the lab's mails; recorded with ascii.jsonl.gz from the lab's basic.conf
with [['asc','uue','hqx','ync','dat'], \\&do_ascii] in @decoders and $log_level 5 (record.py)."""
import base64, binascii, sys, zlib

mkmails, out = sys.argv[1:3]
sys.argv = [mkmails, out]
exec(open(mkmails).read().split('# --- clean mail')[0])


def uu(name,d,mode='644'):
    return ('begin %s %s\n'%(mode,name)).encode()+b''.join(binascii.b2a_uu(d[i:i+45]) for i in range(0,len(d),45))+b'`\nend\n'
def xx(name,d):
    al=b'+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
    o=('begin 644 %s\n'%name).encode()
    for i in range(0,len(d),45):
        c=d[i:i+45]; l=binascii.b2a_uu(c,backtick=False).rstrip(b'\n')
        o+=bytes(al[(x-32)&63] for x in l)+b'\n'
    return o+b'+\nend\n'
def yenc(name,d):
    o=b'=ybegin line=128 size=%d name=%s\r\n'%(len(d),name.encode())
    line=b''
    for c in d:
        e=(c+42)&255
        if e in (0,10,13,61): line+=b'='+bytes([(e+64)&255])
        else: line+=bytes([e])
        if len(line)>=128: o+=line+b'\r\n'; line=b''
    if line: o+=line+b'\r\n'
    return o+b'=yend size=%d crc32=%08x\r\n'%(len(d),zlib.crc32(d))
E1=sample('clam.exe')
attach('ascii-uu','x.uu',uu('evil.exe',E1)); attach('ascii-uu-text','x.txt',b'hello\n\nsome text\n'+uu('evil.exe',E1)+b'\ntail text\n')
attach('ascii-uu-two','x.txt',uu('a.exe',E1)+b'\n'+uu('b.txt',b'just text of b\n'*10))
attach('ascii-xx','x.xx',xx('evil.exe',E1)); attach('ascii-yenc','x.ync',yenc('evil.exe',E1)); attach('ascii-yenc-text','x.txt',b'hello\r\n'+yenc('evil.exe',E1)+b'bye\r\n')
attach('ascii-hqx','x.hqx',sample('clam.exe.binhex')); attach('ascii-mbox-b64','x.mbox',sample('clam.exe.mbox.base64')); attach('ascii-mbox-uu','x.mbox',sample('clam.exe.mbox.uu'))
attach('ascii-plain','x.txt',b'nothing here\n'*5); attach('ascii-begin','x.txt',b'begin the day\nwith a song\nend\n'); attach('ascii-cut','x.uu',uu('evil.exe',E1)[:400])
attach('ascii-b64-raw','x.txt',base64.encodebytes(E1)); attach('ascii-mail','x.txt',b'From: a@b\nSubject: x\nMIME-Version: 1.0\nContent-Type: application/octet-stream; name=in.exe\nContent-Transfer-Encoding: base64\n\n'+base64.encodebytes(E1))
attach('ascii-begin-b64','x.txt',b'begin-base64 644 evil.exe\n'+base64.encodebytes(E1)+b'====\n')
