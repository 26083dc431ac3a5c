"""The mails of the recordings: every one is made here, in a fixed way."""
import base64, gzip, io, zipfile

FROM, TO, DATE = 'Ann Sender <ann@away.test>', 'Rob <rob@here.test>', 'Tue, 03 Mar 2015 09:30:00 +0100'
VIRUS = b'TESTVIRUS/Golden.Sample-1\n'
HONEST = b'TESTVIRUS/Honest.Sender-2\n'


def fields(subject, drop=(), more=(), before=(), **other):
    base = [('From', other.get('sender', FROM)), ('To', other.get('to', TO)), ('Subject', subject), ('Date', DATE),
            ('Message-ID', '<%s@away.test>' % other.get('id', 'golden'))]
    return list(before) + [f for f in base if f[0] not in drop] + list(more)


def build(head, body=b'A few words.\n'):
    if isinstance(body, str):
        body = body.encode()
    top = b''.join(k.encode() + b': ' + (v if isinstance(v, bytes) else v.encode('utf-8')) + b'\n' for k, v in head)
    return (top + b'\n' + body).replace(b'\r\n', b'\n').replace(b'\n', b'\r\n')


def plain(subject='plain words', body=b'A few words.\n', **how):
    return build(fields(subject, **how), body)


def part(kind, data, name=None, encoding='base64'):
    h = 'Content-Type: %s%s\nContent-Transfer-Encoding: %s\n' % (kind, '; name="%s"' % name if name else '', encoding)
    if name:
        h += 'Content-Disposition: attachment; filename="%s"\n' % name
    return h.encode() + b'\n' + (base64.encodebytes(data) if encoding == 'base64' else data)


WORDS = part('text/plain', b'See below.\n', encoding='7bit')


def multi(parts, subject='several parts', kind='mixed', mark='golden-mark', **how):
    more = [('MIME-Version', '1.0'), ('Content-Type', 'multipart/%s; boundary="%s"' % (kind, mark))]
    how['more'] = list(how.get('more', ())) + more
    m = mark.encode()
    return build(fields(subject, **how), b''.join(b'--' + m + b'\n' + p + b'\n' for p in parts) + b'--' + m + b'--\n')


def attached(name, data, kind='application/octet-stream', **how):
    return multi([WORDS, part(kind, data, name)], **how)


def zipped(*members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as z:
        for name, data in members:
            z.writestr(zipfile.ZipInfo(name, (2015, 3, 3, 9, 30, 0)), data)
    return out.getvalue()


def gzipped(data):
    return gzip.compress(data, mtime=0)


def encrypted_zip():
    z = bytearray(zipped(('secret.txt', b'secret words\n')))
    z[6] |= 1
    z[z.rindex(b'PK\x01\x02') + 8] |= 1
    return bytes(z)


def clean(**how): return plain(**how)
def virus(**how): return plain('with a virus', VIRUS, **how)
def honest(**how): return plain('with an honest virus', HONEST, **how)
def banned(**how): return attached('setup.exe', b'no program', subject='with a program', **how)
def unchecked(**how): return attached('secret.zip', encrypted_zip(), 'application/zip', subject='with a locked archive', **how)
def badh(**how): return plain('header trouble', more=[('Subject', 'twice')], **how)
def bad8(**how): return plain('header trouble', more=[('X-Note', b'caf\xe9')], **how)
def badmime(**how): return plain('broken parts', more=[('MIME-Version', '1.0'), ('Content-Type', 'multipart/mixed; boundary=never')], **how)


CATEGORIES = {'clean': clean, 'virus': virus, 'honest': honest, 'banned': banned, 'unchecked': unchecked, 'badh': badh, 'bad8': bad8,
              'badmime': badmime}
