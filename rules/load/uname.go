package load

import (
	"strings"

	"golang.org/x/sys/unix"

	"mavis/perlconf/eval"
)

// uname gives what uname(1) of GNU coreutils prints for the switches s, n, r, v, m, o and a.
func uname(host eval.Host, args []string) ([]byte, int, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return nil, 1, nil
	}
	name, err := host.Hostname()
	if err != nil {
		return nil, 1, nil
	}
	const order = "snrvmo"
	fields := []string{unix.ByteSliceToString(u.Sysname[:]), name, unix.ByteSliceToString(u.Release[:]),
		unix.ByteSliceToString(u.Version[:]), unix.ByteSliceToString(u.Machine[:]), "GNU/Linux"}
	wanted := ""
	for _, a := range args {
		if len(a) < 2 || a[0] != '-' {
			return nil, -1, eval.ErrRefused
		}
		for _, c := range a[1:] {
			switch {
			case c == 'a':
				wanted += order
			case strings.ContainsRune(order, c):
				wanted += string(c)
			default:
				return nil, -1, eval.ErrRefused
			}
		}
	}
	if wanted == "" {
		wanted = "s"
	}
	var out []string
	for i, c := range order {
		if strings.ContainsRune(wanted, c) {
			out = append(out, fields[i])
		}
	}
	return []byte(strings.Join(out, " ") + "\n"), 0, nil
}
