package filetype

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// magic is one line of the built-in table: bytes at an offset and the words that file(1) begins its answer with.
type magic struct {
	at    int
	bytes string
	words string
}

// table is in order of trust. The words are chosen so that the stock map from words to short types works on them.
var table = []magic{
	{0, "7z\xbc\xaf\x27\x1c", "7-zip archive data"},
	{0, "PK\x03\x04", "Zip archive data"},
	{0, "PK\x05\x06", "Zip archive data (empty)"},
	{0, "Rar!\x1a\x07", "RAR archive data"},
	{0, "\x1f\x8b", "gzip compressed data"},
	{0, "\x1f\x9d", "compress'd data"},
	{0, "\x1f\x9f", "frozen file 2.1"},
	{0, "BZh", "bzip2 compressed data"},
	{0, "BZ0", "bzip compressed data"},
	{0, "\xfd7zXZ\x00", "XZ compressed data"},
	{0, "\x28\xb5\x2f\xfd", "Zstandard compressed data"},
	{0, "\x04\x22\x4d\x18", "LZ4 compressed data"},
	{0, "\x89LZO\x00\r\n\x1a\n", "lzop compressed data"},
	{0, "LRZI", "LRZIP compressed data"},
	{0, "!<arch>\ndebian-binary", "Debian binary package"},
	{0, "!<arch>\n", "current ar archive"},
	{0, "070701", "ASCII cpio archive (SVR4 with no CRC)"},
	{0, "070702", "ASCII cpio archive (SVR4 with CRC)"},
	{0, "070707", "ASCII cpio archive (pre-SVR4 or odc)"},
	{0, "\xc7\x71", "cpio archive"},
	{0, "\x71\xc7", "byte-swapped cpio archive"},
	{257, "ustar", "POSIX tar archive"},
	{0, "\xed\xab\xee\xdb", "RPM"},
	{0, "MSCF\x00\x00\x00\x00", "Microsoft Cabinet archive data"},
	{0, "ISc(", "InstallShield Cabinet file"},
	{0, "\x60\xea", "ARJ archive data"},
	{20, "\xdc\xa7\xc4\xfd", "Zoo archive data"},
	{7, "**ACE**", "ACE archive data"},
	{0, "\x78\x9f\x3e\x22", "Transport Neutral Encapsulation Format (TNEF)"},
	{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Composite Document File V2 Document"},
	{0, "\x7fELF", "ELF executable"},
	{0, "%PDF-", "PDF document"},
	{0, "%!PS", "PostScript document text"},
	{0, "{\\rtf", "Rich Text Format data"},
	{0, "\x89PNG\r\n\x1a\n", "PNG image data"},
	{0, "\xff\xd8\xff", "JPEG image data"},
	{0, "GIF8", "GIF image data"},
	{0, "II*\x00", "TIFF image data, little-endian"},
	{0, "MM\x00*", "TIFF image data, big-endian"},
	{0, "BM", "PC bitmap data"},
	{0, "OggS", "Ogg data"},
	{0, "fLaC", "FLAC audio bitstream data"},
	{0, "ID3", "Audio file with ID3 version 2, contains: MPEG ADTS, layer III"},
	{0, "\x1a\x45\xdf\xa3", "Matroska data"},
	{0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Microsoft ASF"},
	{0, "\x00\x00\x01\xba", "MPEG sequence, v2, program multiplex"},
	{0, "FWS", "Macromedia Flash data"},
	{0, "CWS", "Macromedia Flash data (compressed)"},
	{0, "ZWS", "Macromedia Flash data (lzma compressed)"},
	{0, "\xca\xfe\xba\xbe", "compiled Java class data"},
	{0, "-----BEGIN PGP MESSAGE", "PGP message"},
	{0, "-----BEGIN PGP PUBLIC KEY", "PGP public key block"},
	{0, "-----BEGIN PGP SIGNATURE", "PGP signature"},
	{32769, "CD001", "ISO 9660 CD-ROM filesystem data"},
}

// sample is how much of a file Guess looks at.
const sample = 64 << 10

func guessAll(paths []string) ([]string, error) {
	out := make([]string, len(paths))
	buf := make([]byte, sample)
	for i, p := range paths {
		f, err := os.Open(p)
		if err != nil {
			out[i] = "cannot open"
			continue
		}
		n, err := io.ReadFull(f, buf)
		f.Close()
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return nil, err
		}
		out[i] = Guess(buf[:n])
	}
	return out, nil
}

// Guess names the type of data by its beginning, in words like those of file(1).
func Guess(b []byte) string {
	if len(b) == 0 {
		return "empty"
	}
	if words := executable(b); words != "" {
		return words
	}
	for _, m := range table {
		if len(b) >= m.at+len(m.bytes) && string(b[m.at:m.at+len(m.bytes)]) == m.bytes {
			return m.words
		}
	}
	switch {
	case len(b) > 13 && b[0] == 0x5d && b[1] == 0 && b[2] == 0 && (b[12] == 0xff || b[12] == 0):
		return "LZMA compressed data"
	case len(b) > 20 && b[2] == '-' && b[3] == 'l' && (b[4] == 'h' || b[4] == 'z') && b[6] == '-':
		return "LHa archive data"
	case len(b) > 12 && string(b[:4]) == "RIFF":
		switch string(b[8:12]) {
		case "AVI ":
			return "RIFF (little-endian) data, AVI"
		case "WAVE":
			return "RIFF (little-endian) data, WAVE audio"
		case "ACON":
			return "RIFF (little-endian) data, animated cursor"
		}
		return "RIFF (little-endian) data"
	case len(b) > 512 && oldTar(b):
		return "tar archive"
	case len(b) > 2 && b[0] == 0x1a && b[1] > 0 && b[1] < 10 && b[2] > ' ' && b[2] < 0x7f:
		return "ARC archive data"
	}
	return textKind(b)
}

// executable tells DOS programs from those for Windows.
func executable(b []byte) string {
	if len(b) < 2 || string(b[:2]) != "MZ" {
		return ""
	}
	if len(b) >= 0x40 {
		at := int(binary.LittleEndian.Uint32(b[0x3c:]))
		if at > 0 && at+24 <= len(b) && string(b[at:at+4]) == "PE\x00\x00" {
			if binary.LittleEndian.Uint16(b[at+22:])&0x2000 != 0 {
				return "PE32 executable (DLL), for MS Windows"
			}
			return "PE32 executable, for MS Windows"
		}
		if at > 0 && at+2 <= len(b) && string(b[at:at+2]) == "NE" {
			return "MS-DOS executable, NE for MS Windows 3.x"
		}
	}
	return "MS-DOS executable"
}

// oldTar checks the header checksum of a tar without magic.
func oldTar(b []byte) bool {
	sum, want, digits := 0, 0, 0
	for i := range 512 {
		if i >= 148 && i < 156 {
			sum += ' '
			if c := b[i]; c >= '0' && c <= '7' {
				want, digits = want*8+int(c-'0'), digits+1
			}
			continue
		}
		sum += int(b[i])
	}
	return digits > 0 && sum == want && b[0] != 0
}

func textKind(b []byte) string {
	head := b[:min(len(b), 4096)]
	lower := strings.ToLower(string(bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n")))
	high, control := false, false
	for _, c := range head {
		if c >= 0x80 {
			high = true
		} else if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\b' && c != 0x1b || c == 0x7f {
			control = true
		}
	}
	if control {
		return "data"
	}
	switch {
	case strings.HasPrefix(lower, "<!doctype html"), strings.HasPrefix(lower, "<html"), strings.HasPrefix(lower, "<head"):
		return "HTML document text"
	case strings.HasPrefix(lower, "<?xml"):
		return "XML document text"
	case strings.HasPrefix(lower, "#!"):
		return "script text executable"
	case strings.HasPrefix(lower, "begin 6"), strings.HasPrefix(lower, "begin 7"):
		return "uuencoded text"
	case strings.Contains(lower, "this file must be converted with binhex"):
		return "BinHex binary text"
	case strings.HasPrefix(lower, "[internetshortcut]"):
		return "MS Windows 95 Internet shortcut text"
	case !high:
		return "ASCII text"
	}
	cut := len(head)
	for cut > 0 && len(head)-cut < 4 && !utf8.Valid(head[:cut]) && len(b) > len(head) {
		cut--
	}
	if utf8.Valid(head[:cut]) {
		return "UTF-8 Unicode text"
	}
	for _, c := range head {
		if c >= 0x80 && c < 0xa0 {
			return "Non-ISO extended-ASCII text"
		}
	}
	return "ISO-8859 text"
}
