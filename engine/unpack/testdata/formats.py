#!/usr/bin/env python3
"""formats.py DIR LIBARCHIVE LHASA: mails with archives that other programs wrote, of every format that has a decoder.

LIBARCHIVE and LHASA are the unpacked sources of libarchive 3.6.2 (its test files are under its BSD licence) and lhasa 0.3.1
(ISC licence), `apt-get source libarchive lhasa`. The rest is made here with arc, compress, lzop, lrzip, zstd, rpmbuild and cpio.

Recorded from the original with the lab's basic.conf, $log_level 5, $MAXFILES 100 and the stock @decoders; formats.jsonl.gz as
it is, formats-programs.jsonl.gz (without la-zip*, la-7zip* and la-iso*, for which it is the same) with

    $unrar=['unrar','rar']; $unarj=['unarj','arj']; $arc=['nomarch','arc']; $cabextract='cabextract'; $tnef='tnef'; $lha='lha';
    $uncompress=['uncompress','gzip -d','zcat']; $gunzip='gzip -d'; $bunzip2='bzip2 -d'; $unlzop='lzop -d'; $ar='ar';
    $rpm2cpio=['rpm2cpio.pl','rpm2cpio']; $pax=['pax','gcpio','cpio']; $unfreeze=['unfreeze','freeze -d','melt','fcat'];
    unshift @decoders, ['lha', \\&Amavis::Unpackers::do_lha, \\$lha];
"""
import base64, binascii, glob, os, re, struct, subprocess, sys, tempfile, zlib

out, libarchive, lhasa = sys.argv[1:4]
os.makedirs(out, exist_ok=True)


def mail(name, fname, data):
    text = ('From: a@sender.test\nTo: bob@example.com\nDate: Mon, 20 Feb 2006 10:00:00 +0100\nMessage-ID: <%s@formats.test>\nSubject: %s\n'
            'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n--b\n'
            'Content-Type: application/octet-stream; name="%s"\nContent-Transfer-Encoding: base64\n\n' % (name, name, fname)).encode()
    open(os.path.join(out, name + '.eml'), 'wb').write(text + base64.encodebytes(data) + b'--b--\n')


def uudecode(path):
    data, on = b'', False
    for line in open(path, 'rb'):
        if line.startswith(b'begin'):
            on = True
        elif line.startswith(b'end'):
            break
        elif on:
            try:
                data += binascii.a2b_uu(line)
            except binascii.Error:
                data += binascii.a2b_uu(line[:(((line[0] - 32) & 63) * 4 + 5) // 3])
    return data


wanted = re.compile(r'(?:test_read_format_|test_compat_|test_read_filter_)((?:7zip|ar|cab|cpio|iso|lha|rar|rar5|zip|lz4|lzop|lrzip|zstd)(?:_.*)?)\.(\w+)$')
for f in sorted(glob.glob(libarchive + '/libarchive/test/*.uu')):
    m = wanted.match(os.path.basename(f)[:-3].replace('.tar.', '-tar.'))
    if m and os.path.getsize(f) < 6000 and 'hang' not in f and 'part' not in f:
        data = uudecode(f)
        if data:
            mail('la-' + m[1], m[1] + '.' + m[2], data)
for f in 'lha_unix114i/h0_lh5 lha_unix114i/h1_lh6 lha_unix114i/h2_lh7 lha_unix114i/h2_subdir lha_unix114i/h2_symlink lharc113/lh1 lharc113/subdir larc333/lz5 larc333/subdir pmarc2/pm2'.split():
    for p in glob.glob('%s/test/archives/%s.*' % (lhasa, f)):
        data = open(p, 'rb').read()
        if len(data) < 8000:
            mail('lhasa-' + f.replace('/', '-'), os.path.basename(p), data)


def made(cmd, result=None, data=None, files=()):
    with tempfile.TemporaryDirectory() as d:
        for n, c in files:
            os.makedirs(os.path.dirname(os.path.join(d, n)) or d, exist_ok=True)
            open(os.path.join(d, n), 'wb').write(c)
            os.utime(os.path.join(d, n), (1140429600, 1140429600))
        p = subprocess.run(cmd, shell=True, cwd=d, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, env=dict(os.environ, HOME=d))
        if not result:
            return p.stdout
        return open(glob.glob(os.path.join(d, result))[0], 'rb').read()


A, B = b'alpha text\n' * 200, b'MZ not a program but a text\n'
two = [('one.txt', A), ('TWO.EXE', B)]
mail('arc', 'a.arc', made('arc a a.arc one.txt TWO.EXE', 'a.arc', files=two))
mail('arc-password', 'a.arc', made('arc agsecret a.arc one.txt', 'a.arc', files=two))
mail('arc-cut', 'a.arc', made('arc a a.arc one.txt TWO.EXE', 'a.arc', files=two)[:-40])
mail('Z', 'a.txt.Z', made('compress -c', data=A))
mail('Z-tar', 'a.tar.Z', made('tar cf - --mtime=2006-02-20 one.txt TWO.EXE | compress -c', files=two))
mail('Z-cut', 'a.txt.Z', made('compress -c', data=bytes(range(256)) * 40)[:-30])
mail('lzo', 'a.txt.lzo', made('lzop -c', data=A))
mail('lzo-cut', 'a.txt.lzo', made('lzop -c', data=os.urandom(0) + bytes(range(256)) * 40)[:-30])
mail('lrz', 'a.txt.lrz', made('lrzip -q a.txt', 'a.txt.lrz', files=[('a.txt', A)]))
mail('lrz-cut', 'a.txt.lrz', made('lrzip -q a.txt', 'a.txt.lrz', files=[('a.txt', A)])[:-10])
mail('zst', 'a.txt.zst', made('zstd -qc', data=A))
mail('zst-cut', 'a.txt.zst', made('zstd -qc', data=A)[:-5])
mail('swf', 'a.swf', b'CWS\x06' + struct.pack('<I', 8 + len(A)) + zlib.compress(b'\x78\x00\x05\x5f\x00\x00\x0f\xa0\x00\x00\x0c\x01\x00' + A))
spec = b'Name: mini\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nBuildArch: noarch\n%description\nx\n%install\nmkdir -p %{buildroot}/opt\necho MZ > %{buildroot}/opt/evil.exe\n%files\n/opt/evil.exe\n'
mail('rpm', 'mini-1.rpm', made('rpmbuild -bb --quiet --define "_topdir $HOME/t" m.spec', 't/RPMS/noarch/*.rpm', files=[('m.spec', spec)]))
mail('cpio-odc', 'a.cpio', made('ls one.txt TWO.EXE | cpio -o -H odc', files=two))
mail('cpio-crc', 'a.cpio', made('ls one.txt TWO.EXE | cpio -o -H crc', files=two))
mail('pax', 'a.tar', made('pax -w -x ustar one.txt TWO.EXE', files=two))
