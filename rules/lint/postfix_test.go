package lint_test

import (
	"fmt"
	"sort"
	"strings"
	"testing"
)

// TestPostfix holds the filter's configuration against variants of Postfix's files. Wanted are the codes of family X, with
// the letter of their severity.
func TestPostfix(t *testing.T) {
	const conf = "-- amavisd.conf --\n$max_servers = 4;\n$mydomain = 'example.com';\n"
	const one = conf + "$inet_socket_port = 10024;\n$forward_method = 'smtp:[127.0.0.1]:10025';\n1;\n"
	const smtp = "-- master.cf --\nsmtp inet n - y - - smtpd\n"
	const transport = "amavis unix - - y - 4 smtp -o smtp_send_xforward_command=yes -o smtp_data_done_timeout=20m\n"
	const back = "127.0.0.1:10025 inet n - y - - smtpd -o content_filter= -o receive_override_options=no_header_body_checks\n"
	const main = "-- main.cf --\ncontent_filter = amavis:[127.0.0.1]:10024\nreceive_override_options = no_address_mappings\n"
	for _, c := range []struct{ name, files, want string }{
		{"all well", one + smtp + transport + back + main, ""},
		{"no files", one, ""},
		{"by names", one + smtp + transport + strings.Replace(back, "127.0.0.1:", "localhost:", 1) +
			strings.Replace(main, "[127.0.0.1]", "localhost", 1), ""},
		{"a port on all addresses", one + smtp + transport + strings.Replace(back, "127.0.0.1:", "", 1) + main, ""},
		{"IPv6", strings.ReplaceAll(one, "127.0.0.1", "::1") + smtp + transport + strings.Replace(back, "127.0.0.1:", "[::1]:", 1) +
			strings.Replace(main, "127.0.0.1", "::1", 1), ""},
		{"the filter is elsewhere", one + smtp + transport + back + strings.Replace(main, "127.0.0.1", "192.0.2.1", 1), ""},
		{"a parameter in between", one + smtp + transport + back + strings.Replace(main, "10024", "$port", 1) + "port = 10024\n", ""},
		{"a filter of the service", one + "-- master.cf --\nsmtp inet n - y - - smtpd -o content_filter=amavis:[127.0.0.1]:10023\n" + transport + back, "X301w"},
		{"another filter on that port", one + smtp + transport + back + "127.0.0.1:10023 inet n - y - - spawn user=x argv=/bin/x\n" +
			strings.Replace(main, "10024", "10023", 1), ""},
		{"the default limit", one + smtp + strings.Replace(transport, "y - 4", "y - -", 1) + back + main, "X303w"},
		{"the default limit, lowered", one + smtp + strings.Replace(transport, "y - 4", "y - -", 1) + back + main + "default_process_limit = 3\n", ""},
		{"no limit", one + smtp + strings.Replace(transport, "y - 4", "y - 0", 1) + back + main, "X303w"},
		{"nobody takes it back", one + smtp + transport + main, "X304w"},
		{"next hop elsewhere", strings.Replace(one, "127.0.0.1", "192.0.2.1", 1) + smtp + transport + main, ""},
		{"a circle", one + smtp + transport + strings.Replace(back, "-o content_filter=", "", 1) + main, "X305w"},
		{"a proxy in a circle", one + smtp + "10025 inet n - y - - smtpd\n-- main.cf --\nsmtpd_proxy_filter = 127.0.0.1:10024\nsmtpd_proxy_timeout = 1h\n", "X305w"},
		{"no mappings at all", one + smtp + transport + "10025 inet n - y - - smtpd -o content_filter=\n" + main, "X306w"},
		{"mappings twice", one + smtp + transport + back + strings.Replace(main, "no_address_mappings", "", 1), "X306i"},
		{"no xforward", one + smtp + "amavis unix - - y - 4 smtp\n" + back + main, "X307i"},
		{"no xforward, and a bank that needs it", strings.Replace(one, "1;\n", "$policy_bank{'MYNETS'} = { originating => 1 };\n1;\n", 1) + smtp +
			"amavis unix - - y - 4 smtp\n" + back + main, "X307w"},
		{"lmtp", one + smtp + "amavis unix - - y - 4 lmtp\n" + back + main + "lmtp_send_xforward_command = yes\n", ""},
		{"times", one + smtp + strings.Replace(transport, "20m", "7m", 1) + back + main, "X308w"},
		{"a long child_timeout", strings.Replace(one, "1;\n", "$child_timeout = 30*60;\n1;\n", 1) + smtp + transport + back + main, "X308w"},
		{"a proxy's time", one + "-- master.cf --\nsmtp inet n - y - - smtpd -o smtpd_proxy_filter=127.0.0.1:10024\n127.0.0.1:10025 inet n - y - - smtpd\n", "X308i"},
		{"garbage", one + "-- master.cf --\n\x00 { } {\n-- main.cf --\ncontent_filter = ${\nsmtpd_proxy_filter = :::\n", "X304w"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, d := range check(t, c.files) {
				if d.Code[0] == 'X' {
					got = append(got, fmt.Sprintf("%s%c", d.Code, d.Severity.String()[0]))
				}
			}
			sort.Strings(got)
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("%q, want %q", s, c.want)
			}
		})
	}
	// a proxy may reject, a filter behind the queue should not
	const reject = conf + "$inet_socket_port = 10024;\n$final_virus_destiny = D_REJECT;\n1;\n"
	for files, want := range map[string]int{reject: 1, reject + smtp + transport + back + main: 1,
		reject + "-- main.cf --\nsmtpd_proxy_filter = 127.0.0.1:10024\n": 0} {
		if n := codes(check(t, files))["D303"]; n != want {
			t.Errorf("%d findings D303, want %d", n, want)
		}
	}
}
