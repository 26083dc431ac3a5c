package unpack

import (
	"bufio"
	"errors"
	"io"
)

// lzw undoes compress(1): codes of 9 to 16 bits, written in groups of eight, with an optional clear code.
func lzw(r *bufio.Reader, w io.Writer) error {
	var head [3]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	maxBits, blockMode := int(head[2]&0x1f), head[2]&0x80 != 0
	if head[0] != 0x1f || head[1] != 0x9d || maxBits < 9 || maxBits > 16 {
		return errors.New("not compress data")
	}
	var prefix [1 << 16]uint16
	var suffix [1 << 16]byte
	for i := range 256 {
		suffix[i] = byte(i)
	}
	out := bufio.NewWriterSize(w, 32<<10)
	stack := make([]byte, 0, 1<<16)
	bits, free := 9, 256
	if blockMode {
		free = 257
	}
	old, last := -1, byte(0)
	var group [16]byte
	have, pos := 0, 0 // bits in group
	for {
		if pos+bits > have {
			n, err := io.ReadFull(r, group[:bits])
			if err != nil && err != io.ErrUnexpectedEOF {
				if err == io.EOF {
					return out.Flush()
				}
				return errors.Join(err, out.Flush())
			}
			have, pos = n*8, 0
			if have < bits {
				return out.Flush()
			}
		}
		code := 0
		for i := range bits {
			at := pos + i
			code |= int(group[at/8]>>(at%8)&1) << i
		}
		pos += bits
		if code == 256 && blockMode {
			bits, free, old, have, pos = 9, 257, -1, 0, 0
			continue
		}
		if old < 0 {
			if code > 255 {
				return errors.Join(errors.New("broken compress data"), out.Flush())
			}
			old, last = code, byte(code)
			if err := out.WriteByte(last); err != nil {
				return err
			}
			continue
		}
		in := code
		stack = stack[:0]
		if code >= free {
			if code > free {
				return errors.Join(errors.New("broken compress data"), out.Flush())
			}
			stack = append(stack, last)
			code = old
		}
		for code > 255 {
			stack = append(stack, suffix[code])
			code = int(prefix[code])
		}
		last = suffix[code]
		stack = append(stack, last)
		for i := len(stack) - 1; i >= 0; i-- {
			if err := out.WriteByte(stack[i]); err != nil {
				return err
			}
		}
		if free < 1<<maxBits {
			prefix[free], suffix[free] = uint16(old), last
			free++
			if free == 1<<bits && bits < maxBits {
				bits++
				have, pos = 0, 0
			}
		}
		old = in
	}
}
