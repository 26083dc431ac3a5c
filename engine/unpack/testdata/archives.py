#!/usr/bin/env python3
"""archives.py DIR: mails with archives of every common shape, honest and hostile. Made with Python, 7za, arj, ar and compressors.

Recorded from the original with the lab's basic.conf, its @decoders taken out (so that the stock list is in force) and $log_level 5:
    lab.py record ... --mails DIR; record.py amavis.log DIR archives.json
"""
import base64, bz2, gzip, io, lzma, os, shutil, struct, subprocess, sys, tarfile, tempfile, zipfile

OUT = sys.argv[1]
os.makedirs(OUT, exist_ok=True)


def mail(name, fname, data, ctype='application/octet-stream', head='', body=None):
    text = ('From: a@sender.test\nTo: bob@example.com\nDate: Mon, 20 Feb 2006 10:00:00 +0100\nMessage-ID: <%s@archives.test>\nSubject: %s\nMIME-Version: 1.0\n' % (name, name)).encode()
    if body is None:
        body = (b'Content-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n--b\nContent-Type: %s; name="%s"\nContent-Transfer-Encoding: base64\n\n' % (ctype.encode(), fname.encode())) + base64.encodebytes(data) + b'--b--\n'
    open(os.path.join(OUT, name + '.eml'), 'wb').write(text + body)


def run(*cmd, data=None, cwd=None):
    return subprocess.run(cmd, input=data, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout


def folder(files):
    d = tempfile.mkdtemp()
    for n, c in files:
        p = os.path.join(d, n)
        os.makedirs(os.path.dirname(p), exist_ok=True)
        open(p, 'wb').write(c)
        os.utime(p, (1140429600, 1140429600))
    return d


def made(cmd, out, files):
    if not shutil.which(cmd[0]):
        sys.exit('needs ' + cmd[0])
    d = folder(files)
    run(*cmd, cwd=d)
    data = open(os.path.join(d, out), 'rb').read()
    shutil.rmtree(d)
    return data


def zipped(*members, **kw):
    b = io.BytesIO()
    with zipfile.ZipFile(b, 'w', kw.get('method', zipfile.ZIP_DEFLATED)) as z:
        for n, d in members:
            i = zipfile.ZipInfo(n, (2006, 2, 20, 10, 0, 0))
            if isinstance(d, tuple):
                i.external_attr, d = d[0], d[1]
                i.create_system = 3
            i.compress_type = kw.get('method', zipfile.ZIP_DEFLATED)
            z.writestr(i, d)
    return b.getvalue()


def tarred(*members, fmt=tarfile.GNU_FORMAT):
    b = io.BytesIO()
    with tarfile.open(fileobj=b, mode='w', format=fmt) as t:
        for n, d in members:
            i = tarfile.TarInfo(n)
            if isinstance(d, tuple):
                i.type, i.linkname = d
                t.addfile(i)
            else:
                i.size = len(d)
                t.addfile(i, io.BytesIO(d))
    return b.getvalue()


def newc(*members):
    out = b''
    for n, d, mode in list(members) + [('TRAILER!!!', b'', 0)]:
        nm = n.encode() + b'\0'
        out += b'070701' + b''.join(b'%08X' % x for x in (1, mode, 0, 0, 1, 0, len(d), 0, 0, 0, 0, len(nm), 0)) + nm
        out += b'\0' * (-len(out) % 4) + d
        out += b'\0' * (-len(out) % 4)
    return out


def lha(name, data):
    crc = 0
    for c in data:
        crc ^= c
        for _ in range(8):
            crc = crc >> 1 ^ (0xa001 if crc & 1 else 0)
    h = b'-lh0-' + struct.pack('<IIIBBB', len(data), len(data), 0x34547000, 0x20, 0, len(name)) + name.encode() + struct.pack('<H', crc)
    return bytes([len(h), sum(h) & 255]) + h + data + b'\0'


def tnef(*files):
    def attr(level, i, d):
        return struct.pack('<BII', level, i, len(d)) + d + struct.pack('<H', sum(d) & 0xffff)
    out = struct.pack('<IH', 0x223e9f78, 1) + attr(1, 0x00089006, struct.pack('<I', 0x10000)) + attr(1, 0x00069007, struct.pack('<II', 1252, 0))
    for title, long, data in files:
        out += attr(2, 0x00069002, b'\1\0' + b'\0' * 12) + attr(2, 0x0006800f, data) + attr(2, 0x00018010, title.encode() + b'\0')
        if long:
            v = long.encode() + b'\0'
            out += attr(2, 0x00069005, struct.pack('<I', 1) + b'\x1e\x00\x07\x37' + struct.pack('<II', 1, len(v)) + v + b'\0' * (-len(v) % 4))
    return out


A, B = b'alpha text\n', b'MZ not a program but a text\n'
mail('zip-one', 'a.zip', zipped(('one.txt', A)))
mail('zip-folder', 'a.zip', zipped(('dir/', (0o40755 << 16 | 16, b'')), ('dir/one.txt', A)))
mail('zip-deep', 'a.zip', zipped(('a/b/c/one.txt', A)))
mail('zip-empty-member', 'a.zip', zipped(('empty', b'')))
mail('zip-empty-and-full', 'a.zip', zipped(('empty', b''), ('full', A)))
mail('zip-link', 'a.zip', zipped(('one.txt', A), ('link', (0o120777 << 16, b'/etc/passwd'))))
mail('zip-up', 'a.zip', zipped(('../../evil.exe', A)))
mail('zip-absolute', 'a.zip', zipped(('/tmp/evil.exe', A)))
mail('zip-utf8', 'a.zip', zipped(('r\u00e9sum\u00e9.exe', A)))
mail('zip-cp437', 'a.zip', zipped(('rXsum.exe', A)).replace(b'rXsum', b'r\x82sum'))
mail('zip-backslash', 'a.zip', zipped(('dXevil.exe', A)).replace(b'dXevil', b'd\\evil'))
mail('zip-newline', 'a.zip', zipped(('a\nb.exe', A)))
mail('zip-twins', 'a.zip', zipped(('same.txt', A), ('same.txt', B)))
mail('zip-case-twins', 'a.zip', zipped(('same.txt', A), ('SAME.txt', B)))
mail('zip-bzip2', 'a.zip', zipped(('one.txt', A * 50), method=zipfile.ZIP_BZIP2))
mail('zip-lzma', 'a.zip', zipped(('one.txt', A * 50), method=zipfile.ZIP_LZMA))
mail('zip-prefix', 'a.zip', b'junk in front ' * 10 + zipped(('one.txt', A)))
mail('zip-suffix', 'a.zip', zipped(('one.txt', A)) + b'junk behind ' * 10)
mail('zip-crc', 'a.zip', zipped(('one.txt', A), method=zipfile.ZIP_STORED).replace(A, A.upper()))
mail('zip-empty', 'a.zip', zipped())
mail('zip-encrypted', 'a.zip', made(['7za', 'a', '-psecret', '-tzip', 'a.zip', 'one.txt'], 'a.zip', [('one.txt', A)]))
plain = made(['7za', 'a', '-tzip', 'a.zip', 'one.txt'], 'a.zip', [('one.txt', A)])
d = folder([('one.txt', A), ('two.txt', B)])
run('7za', 'a', '-tzip', 'a.zip', 'one.txt', cwd=d); run('7za', 'a', '-psecret', '-tzip', 'a.zip', 'two.txt', cwd=d)
mail('zip-half-encrypted', 'a.zip', open(d + '/a.zip', 'rb').read())
mail('zip-docx', 'a.docx', zipped(('[Content_Types].xml', b'<?xml version="1.0"?><Types/>'), ('word/document.xml', b'<?xml version="1.0"?><w/>')))
mail('zip-jar', 'a.jar', zipped(('META-INF/MANIFEST.MF', b'Manifest-Version: 1.0\n')))
mail('7z-folder', 'a.7z', made(['7za', 'a', 'a.7z', 'd'], 'a.7z', [('d/one.txt', A)]))
mail('7z-encrypted', 'a.7z', made(['7za', 'a', '-psecret', 'a.7z', 'one.txt'], 'a.7z', [('one.txt', A)]))
mail('7z-encrypted-names', 'a.7z', made(['7za', 'a', '-psecret', '-mhe=on', 'a.7z', 'one.txt'], 'a.7z', [('one.txt', A)]))
mail('7z-broken', 'a.7z', made(['7za', 'a', 'a.7z', 'one.txt'], 'a.7z', [('one.txt', A)])[:-20])
mail('tar-one', 'a.tar', tarred(('one.txt', A)))
mail('tar-folder', 'a.tar', tarred(('d/', (tarfile.DIRTYPE, '')), ('d/one.txt', A)))
mail('tar-path', 'a.tar', tarred(('d/e/one.txt', A)))
mail('tar-pax', 'a.tar', tarred(('n' * 120 + '/one.txt', A), fmt=tarfile.PAX_FORMAT))
mail('tar-gnu-long', 'a.tar', tarred(('n' * 120 + '/one.txt', A)))
mail('tar-symlink', 'a.tar', tarred(('l', (tarfile.SYMTYPE, '/etc/passwd'))))
mail('tar-hardlink', 'a.tar', tarred(('one.txt', A), ('two.txt', (tarfile.LNKTYPE, 'one.txt'))))
mail('tar-fifo', 'a.tar', tarred(('pipe', (tarfile.FIFOTYPE, ''))))
mail('tar-up', 'a.tar', tarred(('../../evil.exe', A)))
mail('tar-absolute', 'a.tar', tarred(('/tmp/evil.exe', A)))
mail('tar-empty-member', 'a.tar', tarred(('empty', b''), ('one.txt', A)))
mail('tar-twins', 'a.tar', tarred(('same.txt', A), ('same.txt', B)))
mail('tar-hidden', 'a.tar', tarred(('a-b', A), ('a+b', B)))
mail('tar-cut', 'a.tar', tarred(('one.txt', A * 2000))[:8000])
mail('cpio-newc', 'a.cpio', newc(('d', b'', 0o40755), ('d/one.txt', A, 0o100644)))
mail('cpio-cut', 'a.cpio', newc(('one.txt', A * 100, 0o100644))[:600])
mail('cpio-link', 'a.cpio', newc(('l', b'/etc/passwd', 0o120777)))
mail('gz-named', 'a.bin', gzip.compress(A, mtime=0)[:3] + b'\x08' + gzip.compress(A, mtime=0)[4:10] + b'inner.exe\0' + gzip.compress(A, mtime=0)[10:])
mail('gz-two', 'a.gz', gzip.compress(A, mtime=0) + gzip.compress(B, mtime=0))
mail('gz-suffix', 'a.gz', gzip.compress(A, mtime=0) + b'garbage behind')
mail('gz-cut', 'a.gz', gzip.compress(os.urandom(0) + bytes(range(256)) * 400, mtime=0)[:-20])
mail('gz-crc', 'a.tgz', gzip.compress(A, mtime=0)[:-8] + b'\0' * 8)
mail('gz-empty', 'a.gz', gzip.compress(b'', mtime=0))
mail('bz2', 'a.tbz2', bz2.compress(tarred(('one.txt', A))))
mail('bz2-suffix', 'a.bz2', bz2.compress(A) + b'garbage behind')
mail('bz2-cut', 'a.bz2', bz2.compress(A * 500)[:-10])
mail('xz', 'a.xz', lzma.compress(A))
mail('lzma', 'a.lzma', lzma.compress(A, format=lzma.FORMAT_ALONE))
mail('lz4', 'a.lz4', run('lz4', '-c', data=A * 100))
mail('lzo', 'a.lzo', run('lzop', '-c', data=A * 100))
mail('deb', 'a.deb', made(['ar', 'rD', 'a.deb', 'debian-binary', 'control.tar.gz', 'data.tar.gz'], 'a.deb', [('debian-binary', b'2.0\n'), ('control.tar.gz', gzip.compress(tarred(('control', A)), mtime=0)), ('data.tar.gz', gzip.compress(tarred(('evil.exe', B)), mtime=0))]))
mail('arj', 'a.arj', made(['arj', 'a', 'a.arj', 'one.txt'], 'a.arj', [('one.txt', A)]))
mail('arj-encrypted', 'a.arj', made(['arj', 'a', '-gpass', 'a.arj', 'one.txt'], 'a.arj', [('one.txt', A)]))
mail('lha', 'a.lzh', lha('one.txt', A))
mail('tnef-one', 'winmail.dat', tnef(('EVIL~1.EXE', '', B)), 'application/ms-tnef')
mail('tnef-long', 'winmail.dat', tnef(('EVIL~1.EXE', 'evil long name.exe', B)), 'application/ms-tnef')
mail('mime-preamble', '', b'', body=b'Content-Type: multipart/mixed; boundary=b\n\npreamble? <1>\n--b\n\ntext\n--b--\nepilogue! <2>\n')
mail('mime-encrypted', '', b'', body=b'Content-Type: multipart/encrypted; boundary=b\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\n\nxx\n--b--\n')
mail('mime-digest', '', b'', body=b'Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\ny\n--b--\n')
mail('mime-report', '', b'', body=b'Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\ntext\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n--b\nContent-Type: message/rfc822\n\nSubject: x\n\ny\n--b--\n')
mail('mime-no-boundary', '', b'', body=b'Content-Type: multipart/mixed\n\n--b\n\ntext\n--b--\n')
mail('mime-many', '', b'', body=b'Content-Type: multipart/mixed; boundary=b\n\n' + b'--b\n\nx\n' * 1600 + b'--b--\n')
mail('mime-partial', '', b'', body=b'Content-Type: message/partial; number=1; total=2; id=x\n\nSubject: x\n\ny\n')
mail('mime-external', '', b'', body=b'Content-Type: message/external-body; access-type=URL; url=x\n\nContent-Type: text/plain\n\n')
mail('mime-nested', '', b'', body=b'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\ntext\n--c\nContent-Type: text/html\n\n<p>x</p>\n--c--\n--b\nContent-Type: text/plain; name=x.txt\n\nlast\n--b--\n')
mail('mime-uu-two', '', b'', body=b'\nhello\nbegin 644 a.exe\n#0V%T\n`\nend\nbegin 644 b.gif\n#0V%T\n`\nend\n')
