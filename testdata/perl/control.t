# Statements, strict, modules, files, what is refused.
my $x = 5; if ($x > 3) { "big" } elsif ($x > 1) { "mid" } else { "small" }  #=> "big"
my $x = 1; unless ($x) { "no" } else { "yes" }  #=> "yes"
my $x = 0; $x ||= 5; my $y; $y //= 6; my $z = 1; $z &&= 7; ($x, $y, $z)  #=> "5", "6", "7"
{ 1; last; 2 } 3  #=> "3"
my $n = 0; { $n++; redo if $n < 3; } $n  #=> "3"
my $r = ""; my $i = 3; while ($i--) { next if $i == 1; $r .= $i } $r  #=> "20"
A: for my $i (1..3) { B: for my $j (1..3) { last A if $i == 2; $x .= "$i$j " } } $x  #=> "11 12 13 "
our $i = "outer"; for $i (1..2) { } $i  #=> "outer"
my $i = "outer"; for $i (1..2) { } $i  #=> "outer"
for (my ($i, $j) = (0, 5); $i < $j; $i++, $j--) { push @r, "$i$j" } "@r"  #=> "05 14 23"
my $x = do { if (0) { "a" } else { "b" } }; $x  #=> "b"
my $x = 1 if 0; defined $x  #=> ""
my ($x, $y) = (1, 2); ($x > $y ? $x : $y) = 9; ($x, $y)  #=> "1", "9"
1;;; 2  #=> "2"
use strict; $undeclared = 1; 1  #!> P200
use strict; my $total = 1; $totl + 1  #!> P200
use strict; @list = (1); 1  #!> P200
use strict; %hash = (); 1  #!> P200
use strict; my $x; $x[0] = 1; 1  #!> P200
use strict; my @a = (1); $#b; 1  #!> P200
use strict; my $x = bareword; 1  #!> P201
use strict; my %h = (a => b); 1  #!> P201
use strict; my %h = (bare => 1); $h{other} // "none"  #=> "none"
use strict 'vars'; my $x = bare; $x  #=> "bare"
use strict; no strict 'vars'; $undecl = 5; $undecl  #=> "5"
{ use strict; my $x = 1; } $loose = 5; $loose  #=> "5"
use v5.12; $undeclared = 1; 1  #!> P200
use 5.010; $fine = 1; $fine  #=> "1"
use strict; use vars qw($v @w %u); $v = 1; @w = (1); $u{a} = 1; $v  #=> "1"
use strict; our ($a1, @b1) = (1, 2, 3); "$a1@b1"  #=> "12 3"
use strict; my @s = sort { $a <=> $b } 2, 1; "@s"  #=> "1 2"
use strict; my $x = $ENV{NOTHING} // "d"; my @a = @ARGV; local $_ = 1; "$x$_"  #=> "d1"
use strict; for my $i (1) { $i } $i  #!> P200
use strict; { my $in = 1; } $in  #!> P200
use strict; my $x = $x; 1  #!> P200
use strict; use warnings; no warnings 'once'; "fine"  #=> "fine"
my $x = foo; $x  #=> "foo"
my %h = (key, val); $h{key}  #=> "val"
-bareword, - "x"  #=> "-bareword", "-x"
print STDOUT "x"; print "y"; printf("%s", "z"); print STDERR "e"; 1  #=> "1"
print {*STDOUT} "x"; my $fh = \*STDERR; print $fh "y"; print {$fh} "z"; 1  #=> "1"
$] >= 5.010, $^O, $/ eq "\n", $" eq " ", $; eq "\x1c", $, // "undef"  #=> "1", "linux", "1", "1", "1", "undef"
$! = 2; ($! + 0, "$!")  #=> "2", "No such file or directory"
$! = 13; my $e = $!; ($e == 13, "$e")  #=> "1", "Permission denied"
open(my $fh, "<", "/no/such/file") or my $r = "failed: $!"; $r  #=> "failed: No such file or directory"
-e "/no/such", defined(-e "/no/such"), -d "/no/such" ? 1 : 0  #=> null, "", "0"
my $text = "a\nb\nc\n"; open(my $fh, "<", \$text) or die; my $l = <$fh>; my @r = <$fh>; close $fh; ($l, scalar(@r), "@r")  #=> "a\n", "2", "b\n c\n"
my $text = "a\nb\n"; open my $fh, "<", \$text; my $n = 0; while (<$fh>) { chomp; $n++; push @l, $_ } ("@l", $n, $.)  #=> "a b", "2", "2"
my $text = "a\nb\n"; open my $fh, "<", \$text; while (my $l = <$fh>) { chomp $l; push @l, $l } (eof($fh), "@l")  #=> "1", "a b"
my $text = "x\ny"; open my $fh, "<", \$text; my $all = do { local $/; <$fh> }; $all  #=> "x\ny"
my $text = "p1\np1\n\n\np2\n"; open my $fh, "<", \$text; local $/ = ""; my @p = <$fh>; (scalar(@p), $p[0])  #=> "2", "p1\np1\n\n"
my $r = do "/no/such/file.pl"; defined $r  #=> ""
require "/no/such/file.pl"  #!> Can't locate /no/such/file.pl
use NoSuchModule; 1  #!> P222
require NoSuchModule; 1  #!> Can't locate NoSuchModule.pm in @INC
eval { require NoSuch::Module; 1 } ? "there" : "absent"  #=> "absent"
use POSIX; (floor(3.7), ceil(3.2), floor(-3.5), POSIX::fmod(7, 3))  #=> "3", "4", "-4", "1"
use POSIX qw(strftime); strftime("%Y-%m-%d %H:%M:%S %j %a %b", 5, 4, 3, 2, 0, 100)  #=> "2000-01-02 03:04:05 002 Sun Jan"
use Scalar::Util qw(blessed reftype looks_like_number); (blessed(bless {}, "X"), blessed([]), reftype(bless [], "Y"), map { looks_like_number($_) ? 1 : 0 } 1, "1.5", "abc", "", "1e5", undef, " 1", "1 ", "0x10", "Inf")  #=> "X", null, "ARRAY", "1", "1", "0", "0", "1", "0", "1", "1", "0", "1"
use List::Util qw(first sum max min reduce any all); ((first { $_ > 1 } 1, 2, 3), sum(1, 2, 3), max(1, 5, 2), min(4, 2), (reduce { $a * $b } 1..5), (any { $_ == 2 } 1, 2) ? 1 : 0, (all { $_ } 1, 0) ? 1 : 0)  #=> "2", "6", "5", "2", "120", "1", "0"
use File::Basename; (basename("/a/b.txt"), dirname("/a/b.txt"), basename("/a/b.txt", ".txt"), dirname("x"))  #=> "b.txt", "/a", "b", "."
use Carp; sub deep { croak("bad") } eval { deep() }; $@ =~ /^(bad at case line 1)/  #=> "bad at case line 1"
(gmtime(0))[5,4,3,2,1,0,6,7], scalar(gmtime(0)), scalar(gmtime(86400*59))  #=> "70", "0", "1", "0", "0", "0", "4", "0", "Thu Jan  1 00:00:00 1970", "Sun Mar  1 00:00:00 1970"
exit 0  #X> P220
system("true"); 1  #X> P220
exec "true"  #X> P220
fork; 1  #X> P220
if (0) { system("x") } "unreached"  #=> "unreached"
sub never { system("rm") } "not called"  #=> "not called"
my $x = sub { fork }; "not called"  #=> "not called"
eval { system("true") }; 1  #X> P220
sub bad { system("true") } bad()  #X> P220
open(my $f, ">", "/tmp/x"); 1  #X> P223
open(my $f, "date|"); 1  #X> P220
unlink "/tmp/nothing"; 1  #X> P220
goto L; L: 1  #X> P220
my $x = <*.none>; my @l = glob("a{1,2} b"); (defined $x ? 1 : 0, "@l")  #=> "0", "a1 a2 b"
package Other; our $v = 5; package main; $Other::v  #=> "5"
{ package Inner; our $x = 1; } $Inner::x  #=> "1"
package Foo { our $y = 2 } $Foo::y  #=> "2"
$Some::Pkg::var = 1; @Some::Pkg::list = (1,2); ($Some::Pkg::var, "@Some::Pkg::list", $Some::Pkg::list[1])  #=> "1", "1 2", "2"
$::x = 5; our $x; ($x, $main::x, $::x)  #=> "5", "5", "5"
my @table = ( [ qr/^a/i => 1 ], [ qr/b$/ => 2 ] ); my ($hit) = map { $_->[1] } grep { "ABC" =~ $_->[0] } @table; $hit  #=> "1"
my @av = ( ['ClamAV', \&ask, ["CONTSCAN {}\n", "/run/clamd"], qr/\bOK$/m, qr/FOUND/m ] ); (scalar(@av), ref $av[0][1], $av[0][2][0], ref $av[0][3])  #=> "1", "CODE", "CONTSCAN {}\n", "Regexp"
sub CC_VIRUS() { 9 } my %d = (CC_VIRUS, "v", CC_VIRUS.",1" => "w"); join ",", map { "$_=$d{$_}" } sort keys %d  #=> "9=v,9,1=w"
my @x = (1, 2, 3,); my %y = (a => 1, b => 2,); my $z = [1, 2,]; (scalar(@x), scalar(keys %y), scalar(@$z))  #=> "3", "2", "2"
my $a = "b"; { no strict 'refs'; $$a = "sym"; } our $b; $b  #=> "sym"
my $s = "abc"; for ($s) { s/a/A/; s/c/C/ } $s  #=> "AbC"
my $v = (sub { "iife @_" })->(1, 2); $v  #=> "iife 1 2"
return 5; 6  #=> "5"
return (1, 2);  #=> "1", "2"
undef  #=> null
()  #=> 
0  #=> "0"
next; 1  #X> P210
sub f { last } f(); 1  #X> P210

