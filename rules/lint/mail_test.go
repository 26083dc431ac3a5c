package lint_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestMailRules tries the rules about lookups, banks, scanners, delivery, quarantine and vulnerabilities beyond the
// examples of their pages. Wanted are code, line and letter of severity.
func TestMailRules(t *testing.T) {
	const whole = "$daemon_user = 'amavis'; $MYHOME = '/var/lib/amavis'; $QUARANTINEDIR = '/var/q'; $mydomain = 'example.com'; $inet_socket_port = [10024, 10026];\n"
	const scanner = "['%s', 'clamscan', '{}', [0], [1], qr/^(.*)$/m]"
	one, two := fmt.Sprintf(scanner, "one"), fmt.Sprintf(scanner, "two")
	for _, c := range []struct{ name, code, text, want string }{
		{"dead in a bank", "L301", "$policy_bank{'MYNETS'} = {\n virus_lovers_maps => [ ['.', '!a@b.c'] ] };", "2w"},
		{"dead twice told once", "L301", "@virus_lovers_maps = (['.', '!a@b.c']);\n$policy_bank{'X'} = { originating => 1 };", "1w"},
		{"all score tables count", "L301", "@score_sender_maps = ( { '.' => [1] }, { 'a@b' => [2] } );", ""},
		{"dead in banned rules", "L301", "%banned_rules = ('A' => new_RE(qr/.*/,\n qr/exe/));", "2i"},
		{"networks", "L301", "@mynetworks = qw(10.0.0.0/8 !10.1.0.0/16);", "1w"},
		{"list with both forms", "L302", "@local_domains_maps = (['example.com', '.example.com']);", ""},
		{"a hash has its own rules", "L302", "@local_domains_maps = ({'example.com' => 1});", ""},
		{"local by code", "L303", "@local_domains_maps = (sub { 1 });", "1i"},
		{"capital key", "L304", "@virus_lovers_maps = ({'Bob@example.com' => 1});", "1w"},
		{"names of viruses have capitals", "L304", "@viruses_that_fake_sender_maps = ({'Eicar' => 1});", ""},
		{"bank by address", "B301", whole + "$policy_bank{'FRIENDS'} = {};\n@client_ipaddr_policy = ( ['192.0.2.1'] => 'OTHER, FRIENDS' );", ""},
		{"bank by a near name", "B301", whole + "$policy_bank{'MYNET'} = {};", "2w"},
		{"own banks", "B301", whole + "$policy_bank{'MYNETS'} = {}; $policy_bank{'MYUSERS'} = {};", ""},
		{"bank by code", "B301", whole + "$policy_bank{'X'} = {};\n@author_to_policy_bank_maps = (sub { 'X' });", ""},
		{"bank by HOST:PORT", "B301", whole + "$inet_socket_bind = '127.0.0.1'; $policy_bank{'X'} = {};\n$interface_policy{'127.0.0.1:10026'} = 'X';", ""},
		{"a milter may name banks", "B301", whole + "$unix_socketname = '/run/a'; $interface_policy{'SOCK'} = 'P'; $policy_bank{'P'} = { protocol => 'AM.PDP' };\n$policy_bank{'X'} = {};", "3i"},
		{"port of a path", "B302", whole + "$unix_socketname = '/run/a';\n$interface_policy{'/run/b'} = 'X';", "3w"},
		{"SOCK without a socket", "B302", whole + "$interface_policy{'SOCK'} = 'X';", "2i"},
		{"nothing listens at all", "B302", "$interface_policy{'10026'} = 'X';", ""},
		{"virus bank", "B304", whole + "@virus_name_to_policy_bank_maps = ({'Eicar' => 1});", "2w"},
		{"scanner twice", "S302", "@av_scanners = (" + one + ",\n " + two + ");", "2i"},
		{"scanners of one program", "S302", "@av_scanners = (" + one + ",\n " + strings.Replace(two, "{}", "-r {}", 1) + ");", ""},
		{"backup twice", "S302", "@av_scanners_backup = (" + one + ",\n " + two + ");", "2i"},
		{"backup the same", "S303", "@av_scanners = (" + one + ");\n@av_scanners_backup = (" + two + ");", "2w"},
		{"scanning on again in a bank", "S304", "@av_scanners = (" + one + "); @bypass_virus_checks_maps = (1); $policy_bank{'MYNETS'} = { bypass_virus_checks_maps => [0] };", ""},
		{"scanning for own domain", "S304", "$mydomain = 'example.com'; @av_scanners = (" + one + "); @bypass_virus_checks_maps = (['!.example.com', '.']);", ""},
		{"levels in a bank", "D301", "$sa_tag2_level_deflt = 5; $sa_kill_level_deflt = 8;\n$policy_bank{'MYNETS'} = { spam_kill_level_maps => [4] };", "2w"},
		{"levels for recipients", "D301", "$mydomain = 'example.com'; @spam_tag2_level_maps = (6);\n@spam_kill_level_maps = ({'.example.com' => 3}, 9);", "2w"},
		{"equal levels", "D301", "$sa_tag2_level_deflt = $sa_kill_level_deflt = 5;", ""},
		{"tag above tag2", "D301", "$sa_tag_level_deflt = 7;\n$sa_tag2_level_deflt = 5; $sa_kill_level_deflt = 8;", "2w"},
		{"levels in SQL", "D301", "@lookup_sql_dsn = (['DBI:SQLite:x','','']); $sa_tag2_level_deflt = 6;\n$sa_kill_level_deflt = 5;", "2w"},
		{"a chain is no circle", "D302", whole + "$policy_bank{'O'} = { forward_method => 'smtp:[127.0.0.1]:10024' }; $interface_policy{'10026'} = 'O';", ""},
		{"a long circle", "D302", whole + "$forward_method = 'smtp:[127.0.0.1]:10026';\n$policy_bank{'O'} = { forward_method => 'smtp:[127.0.0.1]:10024' }; $interface_policy{'10026'} = 'O';", "2w 3w"},
		{"a circle by name", "D302", whole + "$forward_method = 'smtp:localhost:10024';", "2w"},
		{"the same port elsewhere", "D302", whole + "$forward_method = 'smtp:[192.0.2.1]:10024';", ""},
		{"a socket of our own", "D302", "$unix_socketname = '/run/a';\n$forward_method = 'lmtp:/run/a';", "2w"},
		{"a milter rejects", "D303", "$forward_method = undef;\n$final_virus_destiny = D_REJECT;", ""},
		{"own users are told", "D303", "$policy_bank{'MYNETS'} = { originating => 1, final_virus_destiny => D_REJECT };", ""},
		{"reject in a bank", "D303", "$policy_bank{'X'} = {\n final_virus_destiny => D_REJECT };", "2w"},
		{"reject spam", "D303", "$final_spam_destiny = D_REJECT;", "1i"},
		{"by category", "D303", "%final_destiny_maps_by_ccat = (\n CC_VIRUS, D_REJECT, CC_CATCHALL, D_PASS);", "2w"},
		{"bounces for real senders", "D304", "$final_virus_destiny = D_BOUNCE;\n@viruses_that_fake_sender_maps = (0);", "1w"},
		{"bounces up to a score", "D305", whole + "$final_spam_destiny = D_BOUNCE; $sa_dsn_cutoff_level = 9;", ""},
		{"no spam checks", "D305", whole + "$final_spam_destiny = D_BOUNCE; @bypass_spam_checks_maps = (1);", ""},
		{"localhost is taken", "D306", "$myhostname = 'localhost';", ""},
		{"a name from elsewhere", "D306", "chomp($myhostname = `hostname`);", ""},
		{"sql with a database", "Q301", whole + "@storage_sql_dsn = (['DBI:SQLite:x','','']); $virus_quarantine_method = 'sql:';", ""},
		{"sql, but nothing is held", "Q301", whole + "$virus_quarantine_method = 'sql:'; $virus_quarantine_to = undef;", ""},
		{"sql in a bank", "Q301", whole + "$policy_bank{'X'} = {\n spam_quarantine_method => 'sql:' };", "3w"},
		{"half", "Q303", "$virus_quarantine_method = '';\n$virus_quarantine_to = 'infected';", "2i"},
		{"neither half", "Q303", "$virus_quarantine_method = undef; $virus_quarantine_to = undef;", ""},
		{"dropped", "Q304", "$final_spam_destiny = D_DISCARD;\n$spam_quarantine_to = undef;", "1i"},
		{"dropped without checks", "Q304", "@bypass_spam_checks_maps = (1); $final_spam_destiny = D_DISCARD; $spam_quarantine_to = undef;", ""},
		{"ambiguous is rejected", "C301", whole + "$final_destiny_maps_by_ccat{+CC_UNCHECKED.',3'} = D_REJECT;", ""},
		{"unchecked is discarded", "C301", whole + "$final_unchecked_destiny = D_DISCARD;", ""},
		{"unchecked is wrapped", "C301", whole + "$defang_undecipherable = 1;", ""},
		{"ambiguous is held", "C301", whole + "$quarantine_to_maps_by_ccat{+CC_UNCHECKED.',3'} = [1]; $quarantine_method_by_ccat{+CC_UNCHECKED.',3'} = 'local:x-%m';", ""},
		{"nothing to get round", "C301", whole + "@bypass_virus_checks_maps = (1); @bypass_banned_checks_maps = (1);", ""},
		{"a part of a configuration", "C301", "$log_level = 1;", ""},
		{"pax by variable", "C302", "$pax = 'pax';", ""},
		{"cpio by variable", "C302", "$pax = ['gcpio', 'cpio'];", "1w"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, d := range check(t, c.text+"\n1;\n") {
				if d.Code == c.code {
					got = append(got, fmt.Sprintf("%d%c", d.Span.Pos().Line, d.Severity.String()[0]))
				}
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("%s at %q, want %q", c.code, s, c.want)
			}
		})
	}
}
