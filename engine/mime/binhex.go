package mime

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
)

const binHexAlphabet = "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr"

// decodeBinHex writes everything behind the header of a BinHex 4.0 file (RFC 1741): data fork, resource fork and their
// checksums, as MIME-tools does.
func decodeBinHex(w io.Writer, r io.Reader) error {
	in := bufio.NewReaderSize(r, 64<<10)
	for {
		ln, err := in.ReadSlice('\n')
		if err != nil && err != bufio.ErrBufferFull {
			if err == io.EOF {
				return nil
			}
			return err
		}
		if bytes.HasPrefix(ln, []byte("(This file must be converted")) {
			c, err := in.ReadByte()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if c == ':' {
				break
			}
		}
	}
	return (&binHex{w: w}).run(in)
}

// DecodeBinHex writes the data fork of a BinHex 4.0 file whose first colon has been read, and gives the file's own name.
func DecodeBinHex(w io.Writer, r io.Reader) (name string, err error) {
	d := &binHex{w: w, forkOnly: true}
	err = d.run(bufio.NewReaderSize(r, 64<<10))
	if d.past {
		name = string(d.header[1 : 1+int(d.header[0])])
	}
	return name, err
}

// run decodes lines up to one that ends with a colon.
func (d *binHex) run(in *bufio.Reader) error {
	for {
		ln, err := in.ReadSlice('\n')
		if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
			return err
		}
		full := err != bufio.ErrBufferFull
		ln = bytes.TrimRight(ln, whiteSpace)
		last := full && bytes.HasSuffix(ln, []byte(":"))
		for _, c := range ln {
			if err := d.char(c); err != nil {
				return err
			}
		}
		if last {
			return d.end()
		}
		if err == io.EOF {
			return d.flush()
		}
	}
}

// binHex undoes the six-bit code and the run lengths.
type binHex struct {
	w      io.Writer
	bits   uint32
	nbits  int
	last   byte
	repeat bool
	header []byte
	past   bool
	out    []byte
	chars  int
	// forkOnly stops after the data fork, of which left octets are to come.
	forkOnly bool
	left     uint32
}

// end pads the last group of four characters with zeros.
func (d *binHex) end() error {
	for d.chars%4 != 0 {
		if err := d.char('!'); err != nil {
			return err
		}
	}
	return d.flush()
}

func (d *binHex) char(c byte) error {
	i := bytes.IndexByte([]byte(binHexAlphabet), c)
	if i < 0 {
		return nil
	}
	d.chars++
	d.bits = d.bits<<6 | uint32(i)
	if d.nbits += 6; d.nbits < 8 {
		return nil
	}
	d.nbits -= 8
	return d.octet(byte(d.bits >> d.nbits))
}

func (d *binHex) octet(b byte) error {
	switch {
	case d.repeat:
		d.repeat = false
		if b == 0 {
			d.last = 0x90
			return d.emit(0x90)
		}
		for ; b > 1; b-- {
			if err := d.emit(d.last); err != nil {
				return err
			}
		}
		return nil
	case b == 0x90:
		d.repeat = true
		return nil
	}
	d.last = b
	return d.emit(b)
}

func (d *binHex) emit(b byte) error {
	if !d.past {
		d.header = append(d.header, b)
		if n := int(d.header[0]); len(d.header) >= 22+n {
			d.past = true
			d.left = binary.BigEndian.Uint32(d.header[12+n:])
		}
		return nil
	}
	if d.forkOnly {
		if d.left == 0 {
			return nil
		}
		d.left--
	}
	if d.out = append(d.out, b); len(d.out) >= 16<<10 {
		return d.flush()
	}
	return nil
}

func (d *binHex) flush() error {
	_, err := d.w.Write(d.out)
	d.out = d.out[:0]
	return err
}
