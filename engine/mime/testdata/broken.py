#!/usr/bin/env python3
"""broken.py DIR SEED COUNT: writes COUNT mails of odd and broken structure, by chance but the same for the same SEED.

record.pl then says what MIME-tools makes of them; together they gave broken.jsonl.gz:

    broken.py /tmp/broken 7 600; record.pl /tmp/broken | gzip -9n > broken.jsonl.gz
"""
import random,os,sys,glob
random.seed(int(sys.argv[2])); out=sys.argv[1]; N=int(sys.argv[3])
os.makedirs(out,exist_ok=True)
hdrs=[b'Content-Type: multipart/mixed; boundary="%s"',b'Content-Type: multipart/mixed; boundary=%s',b'Content-Type: multipart/alternative;\n boundary=%s',b'Content-Type: multipart/mixed; boundary=one; boundary=%s',b'Content-Type: multipart/digest; boundary=%s',b'Content-Type: Multipart/Mixed; Boundary=%s',b'Content-Type:multipart/mixed; boundary=%s ; x=y',b'Content-Type: multipart/mixed; boundary*=us-ascii\'\'%s',b'Content-Type: multipart/mixed; boundary*0=%s',b'Content-Type: multipart/mixed (comment); boundary=%s',b'Content-Type: multipart/encrypted; boundary=%s',b'Content-Type : multipart/mixed; boundary=%s',b'Content-Type: multipart/mixed; boundary=""',b'Content-Type: multipart/mixed',b'Content-Type: multipart/report; report-type=delivery-status; boundary=%s']
leaf=[b'Content-Type: text/plain',b'Content-Type: text/plain; name="a;b.txt"',b'Content-Type: application/octet-stream; name=foo bar.exe',b'Content-Type: application/octet-stream; name="r\xe9s.exe"',b'Content-Type: application/octet-stream; name=r\xe9s.exe',b'Content-Type: a/b; name*0*=utf-8\'en\'a%C3%A9; name*1=b.exe; name*2*=%20c',b'Content-Type: a/b; name*1=b.exe; name*0=a',b'Content-Type: a/b; name="=?utf-8?B?w6kuZXhl?= =?utf-8?Q?_x.exe?="',b'Content-Type: a/b; name==?iso-8859-1?Q?=E9.exe?=',b'Content-Type: a/b; name="x\\"y.exe"',b'Content-Type: a/b; name="unclosed.exe',b'Content-Type: a/b; name=; foo=bar',b'Content-Type: a/b; name=a.txt; name=b.exe',b'Content-Type: a/b;;; name=z.exe',b'Content-Type: a/b; (c) name=(d) q.exe',b'Content-Type: a/b; name=<q.exe>',b'Content-Type: a/b; name=[x] y',b'Content-Type: image/jpeg\nContent-Type: text/html',b'Content-Type: message/rfc822',b'Content-Type:',b'Content-Type: ;name=a',b'Content-Type: "text/plain"; name=a',b'Content-Type: text/plain; charset=koi8-r; name="\xc1\xc2\x81\x8d"',b'Content-Type: a/b; name="=?koi8-r?B?wcLD?=x"',b'Content-Type: a/b; name="=?gb2312?B?1tDOxA==?="',b'Content-Type: a/b; name="=?shift_jis?B?k/qWew==?="',b'Content-Type: a/b; name="=?nope?Q?=E9x?="',b'Content-Type: a/b; name="=?utf-8?Q?=FF=E9x?="',b'Content-Type: a/b; name="=?utf-8?X?abc?= =?"',b'Content-Type: a/b; name="=?iso-2022-jp?B?GyRCRnxLXBsoQg==?="',b'Content-Type: a/b; name*=utf-8\'\'a%zz%41%',b'Content-Type: a/b; name*=nocharset.exe',b"Content-Type: a/b; name*=u'v.exe",b'Content-Type: a/b;\tname\t=\tx.exe',b'Content-Type: a/b, name=x',b'Content-Type: a/b name=x.exe',b'Content-Type: a/b; na me=x; name=y']
disp=[b'Content-Disposition: attachment; filename="x.exe"',b'Content-Disposition: attachment; filename=x y.exe',b'Content-Disposition: inline;\n filename="long\n name.exe"',b'Content-Disposition: attachment; filename*=UTF-8\'\'%e2%82%ac.exe; filename="plain.txt"',b'Content-Disposition: attachment; filename="a.txt"; filename*0="b"; filename*1=".exe"',b'content-disposition: attachment ; FILENAME="U.EXE"',b'Content-Disposition: attachment; filename="=?UTF-8?Q?a_b?= =?UTF-8?Q?c?="']
enc=[b'Content-Transfer-Encoding: base64',b'Content-Transfer-Encoding: quoted-printable',b'Content-Transfer-Encoding: 7bit',b'Content-Transfer-Encoding: 8 bit',b'Content-Transfer-Encoding: BASE64 ',b'Content-Transfer-Encoding: x-uuencode',b'Content-Transfer-Encoding: nonsense',b'Content-Transfer-Encoding: binary',b'Content-Transfer-Encoding: mac-binhex40',b'Content-Transfer-Encoding: base64 (comment)',b'Content-Transfer-Encoding: none']
bodies=[b'hello\nworld\n',b'',b'\n',b'\n\n\n',b'aGVsbG8gd29ybGQ=\n',b'aGVsb\nG8gd29ybGQ=\naGVsbG8=\nxx',b'aGVs*bG8\n-- \nsig text\n',b'a=3Db =\n c=20 \nd=XX=4\n=\n= \t\nlast=',b'line \t\nx=\r\ny\r\n z  \r\n',b'begin 644 evil.exe\n#0V%T\n`\nend\n',b'some text\n\nbegin 644 a b.jpg\n#0V%T\n`\nend\nbetween\nbegin 600 c\n#0V%T\n`\nend\ntail\n',b'begin of story\nbegin 644 x.exe\n#0V%T\n`\nend\n',b'begin 644\n#0V%T\nnonsense lower\nM123\nend\n',b'--\n--x\n',b'From here\n\xff\xfe\x00bin\n',b'%PDF-1.4=0D\nabc  =\n def=41\n',b'x'*9000+b'\r\ny\n',b'A'*100+b'=\n'*3]
b=[b'one',b'two',b'one--',b'a b',b'x',b'one ']
def leafpart(d):
    h=[]
    if random.random()<.8: h.append(random.choice(leaf))
    if random.random()<.5: h.append(random.choice(enc))
    if random.random()<.4: h.append(random.choice(disp))
    if random.random()<.1: h.append(random.choice([b'garbage line',b' continuation',b'\tx: y',b'From x@y',b'\xef\xbb\xbfA: b',b'X-Y\xe9: z',b'Foo:']))
    random.shuffle(h)
    return b'\n'.join(h)+(b'\n' if h else b'')+(b'\n' if random.random()<.95 else b'')+random.choice(bodies)
def multi(d):
    bo=random.choice(b); h=random.choice(hdrs); h=h.replace(b'%s',bo) if b'%s' in h else h
    o=h+b'\n'+random.choice([b'',b'MIME-Version: 1.0\n',b'X: y\n z\n'])+(b'\n' if random.random()<.95 else b'')
    o+=random.choice([b'',b'',b'preamble text\n',b'pre\n\n',b'\n\n',b'1\n2\n3\n4\n5\n6\n7\n',b'what? <x>\n',b'\n'*8, b'a=b'])
    for i in range(random.randint(0,4)):
        o+=b'--'+bo.strip() if random.random()<.2 else b'--'+bo
        o+=random.choice([b'\n']*8+[b' \n',b'\t \n',b'x\n',b'--\n',b''])
        o+=part(d+1)
        o+=random.choice([b'\n']*6+[b'',b'\n\n'])
    o+=random.choice([b'--'+bo+b'--\n']*6+[b'',b'--'+bo+b'--',b'--'+bo+b'\n',b'--'+bo+b'-- \nepi\n',b'--'+bo+b'--\n'+b'epilogue?\n'*3,b'--'+bo+b'--\n\n\n\n\n\n\n\n'])
    return o
def part(d):
    return multi(d) if d<4 and random.random()<.35 else leafpart(d)
for i in range(N):
    m=b'From: a@b\nSubject: t\n'+(multi(0) if random.random()<.85 else leafpart(0))
    if random.random()<.3:
        m=bytearray(m)
        for _ in range(random.randint(1,4)):
            if not m: break
            p=random.randrange(len(m)); r=random.random()
            if r<.4: m[p]=random.choice(b'\n \t;="-?*\x00\xe9a:/')
            elif r<.7: del m[p:p+random.randint(1,20)]
            else:
                q=random.randrange(len(m)); m[p:p]=m[q:q+random.randint(1,60)]
        m=bytes(m)
    open('%s/%05d'%(out,i),'wb').write(m)
