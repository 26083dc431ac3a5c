# References, closures, subs, eval.
ref(\1), ref([]), ref({}), ref(sub {}), ref(\\1), ref(qr/x/), ref(\my @a), ref(\*STDOUT), ref(1), ref(\"s"), ref(undef)  #=> "SCALAR", "ARRAY", "HASH", "CODE", "REF", "Regexp", "ARRAY", "GLOB", "", "SCALAR", ""
my $x = 5; my $r = \$x; $$r = 6; ${$r}++; ($x, $$r, ${$r}, "${$r}")  #=> "7", "7", "7", "7"
my $rr = \\"x"; my $rrr = \$rr; ($$$rr, $$$$rrr, ref $rr)  #=> "x", "x", "REF"
sub foo { "foo(@_)" } my $r = \&foo; ($r->(1), &$r(2), &{$r}(3), &foo(4), foo 5)  #=> "foo(1)", "foo(2)", "foo(3)", "foo(4)", "foo(5)"
sub foo { "x" } (defined &foo, exists &foo, defined &bar, exists &bar, ref \&foo)  #=> "1", "1", "", "", "CODE"
my @subs = (sub { 1 }, sub { 2 }); ($subs[1]->(), $subs[0](), &{$subs[1]}())  #=> "2", "1", "2"
"" . [] =~ /^ARRAY\(0x[0-9a-f]+\)$/, "" . {} =~ /^HASH\(0x/, "" . sub {} =~ /^CODE\(0x/, "" . \1 =~ /^SCALAR\(0x/, "" . \\1 =~ /^REF\(0x/  #=> "1", "1", "1", "1", "1"
my $r = []; my $s = $r; ($r == $s, $r eq $s, [] == [], $r+0 == $s+0)  #=> "1", "1", "", "1"
my $x = [1,[2,3],{a=>4}]; my $y = [@$x]; $y->[0] = 9; $y->[1][0] = 8; ($x->[0], $x->[1][0])  #=> "1", "8"
my $x; push @$x, 1; my $y; $y->{a} = 1; my $z; $$z = 5; my $w; $w->[2] = 1; (ref $x, ref $y, ref $z, scalar(@$w))  #=> "ARRAY", "HASH", "SCALAR", "3"
my $x; for (@$x) { } ref $x  #=> "ARRAY"
my $x; my @y = map { $_ } @$x; ref $x  #=> "ARRAY"
my $x; sub f { } f(@$x); ref $x  #=> "ARRAY"
use strict; my $x; my @y = @$x; 1  #!> Can't use an undefined value as an ARRAY reference
use strict; my $x; my %y = %$x; 1  #!> Can't use an undefined value as a HASH reference
use strict; my $x; my $y = $$x; 1  #!> Can't use an undefined value as a SCALAR reference
use strict; my $x; scalar(@$x)  #!> Can't use an undefined value as an ARRAY reference
use strict; my $x; $x->()  #!> Can't use an undefined value as a subroutine reference
my $x; my @y = @$x; scalar(@y)  #=> "0"
use strict; my $x = "abc"; @$x  #!> Can't use string ("abc") as an ARRAY ref while "strict refs" in use
use strict; my $x = "abc"; %$x  #!> Can't use string ("abc") as a HASH ref while "strict refs" in use
use strict; my $x = "abc"; $$x  #!> Can't use string ("abc") as a SCALAR ref while "strict refs" in use
use strict; my $x = "abc"; &$x()  #!> Can't use string ("abc") as a subroutine ref while "strict refs" in use
use strict; my $x = "a" x 40; $x->[0]  #!> Can't use string ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"...) as an ARRAY ref while "strict refs" in use
my $x = {}; @$x  #!> Not an ARRAY reference
my $x = []; $x->{a}  #!> Not a HASH reference
my $x = sub {}; @$x  #!> Not an ARRAY reference
my $x = []; $$x  #!> Not a SCALAR reference
my $x = \1; $$x = 2  #!> Modification of a read-only value attempted
my $x = []; $x->()  #!> Not a CODE reference
our $abc = 5; our @abc = (1,2); my $n = "abc"; ($$n, "@$n", ${"abc"}, ${"main::abc"}, "@{$n}[1]")  #=> "5", "1 2", "5", "5", "2"
no strict; sub hello { "hi @_" } my $n = "hello"; (&$n(1), &{"hello"}(2), main->can("hello")->(3), $n->(4))  #=> "hi 1", "hi 2", "hi 3", "hi 4"
our $x = 1; our $y = 2; *x = \$y; $y = 5; $x  #=> "5"
our @a = (1); our @b = (2,3); *a = \@b; push @b, 4; "@a"  #=> "2 3 4"
*f = sub { "glob @_" }; f(1) . main::f(2)  #=> "glob 1glob 2"
sub orig { "o" } *alias = \&orig; alias()  #=> "o"
our ($p, @p) = (1); @p = (2); *q = *p; our ($q, @q); ($q, "@q")  #=> "1", "2"
no strict 'refs'; *{"made"} = sub { "made" }; my $n = "v"; *{"main::$n"} = \"const"; our $v; (made(), $v)  #=> "made", "const"
our $g = "global"; sub show { $g } sub test { local $g = "local"; show() } (test(), show())  #=> "local", "global"
our @l = (1,2); sub showl { "@l" } { local @l = (3); push @r, showl() } push @r, showl(); "@r"  #=> "3 1 2"
our $x = 10; my $r = \$x; { local $x = 20; $in = $$r } ($in, $$r)  #=> "10", "10"
my $x = 1; my $y = do { my $x = $x + 1; $x }; ($x, $y)  #=> "1", "2"
my $x = "outer"; sub see { $x } { my $x = "inner"; } see()  #=> "outer"
our $x = "our"; { my $x = "my"; { our $x; $y = $x } } $y  #=> "our"
my @c; { my $n = 0; @c = (sub { $n++ }, sub { $n }) } $c[0]->(); $c[0]->(); $c[1]->()  #=> "2"
my $f = sub { my $f = shift; sub { $f . shift } }; $f->("a")->("b")  #=> "ab"
sub counter { my $c = 0; return { inc => sub { ++$c }, get => sub { $c } } } my $o = counter(); $o->{inc}->(); $o->{inc}(); $o->{get}->()  #=> "2"
my $r = \my $x; $$r = 3; my ($q) = \my @y; push @$q, 1; ($x, "@y")  #=> "3", "1"
my $h = {a=>1,b=>2}; my @v = @{$h}{qw(a b)}; my @w = @$h{qw(b a)}; my %s = %$h{a}; ("@v", "@w", $s{a})  #=> "1 2", "2 1", "1"
my $a = [1,2]; my $h = {k=>3}; ($a->@*, $h->%*, $a->$#*, $a->@[0,1], $h->@{k})  #=> "1", "2", "k", "3", "1", "1", "2", "3"
my $o = bless { n => 1 }, "Foo"; (ref $o, $o->{n}, "$o" =~ /^Foo=HASH\(0x/)  #=> "Foo", "1", "1"
{ package Cls; sub new { my $c = shift; bless {@_}, $c } sub n { $_[0]{n} } } my $o = Cls->new(n => 5); $o->n  #X> P225
my $x = bless {}, "K"; $x->bar  #!> Can't locate object method "bar" via package "K"
Foo->bar  #!> Can't locate object method "bar" via package "Foo" (perhaps you forgot to load "Foo"?)
my $x; $x->foo  #!> Can't call method "foo" on an undefined value
my $x = []; $x->foo  #!> Can't call method "foo" on unblessed reference
nosuch(1)  #!> Undefined subroutine &main::nosuch called
sub later; my $r = \&later; sub later { "now" } $r->()  #=> "now"
my $r = \&undefd; $r->()  #!> Undefined subroutine &main::undefd called
my $x = {a=>[1,{b=>[2,3]}]}; ($x->{a}[1]{b}[1], $$x{a}[1]{b}[0], ${$x->{a}}[0], scalar @{$x->{a}[1]{b}})  #=> "3", "2", "1", "2"
my @a = (1,2,3); my $last = \$a[-1]; $$last = 9; my $sl = \@a; $#$sl = 0; ("@a", $$last)  #=> "1", "9"
sub f { \@_ } my $a = f(1,2); my $b = f(3); "@$a @$b"  #=> "1 2 3"
sub r { r() } r()  #X> P231
while (1) { }  #X> P230
my $s = "x"; $s .= $s while 1; 1  #X> P232
my $s = "x" x 1e9; 1  #X> P232
my @a = (1) x 1e9; 1  #X> P230
my @a; $a[1e12] = 1; 1  #X> P230
my @a = (1..1e12); 1  #X> P230
use constant X => 5; use constant { Y => 6, Z => [7,8] }; use constant L => (1,2,3); (X, Y, Z->[1], (L)[1], scalar(my @l = L), X + 1, "${\ X}")  #=> "5", "6", "8", "2", "3", "6", "5"
use constant DEBUG => 0; DEBUG ? "d" : "n"  #=> "n"
use constant E => (); scalar(my @l = (E))  #=> "0"
sub PI() { 3 } PI + 1  #=> "4"
sub mymax(\@) { my $r = shift; (sort { $b <=> $a } @$r)[0] } my @v = (1,5,3); mymax(@v)  #=> "5"
sub opt($;$) { defined $_[1] ? "two" : "one" } my @l = (7,8,9); (opt(1), opt(1,2), opt(@l))  #=> "one", "two", "one"
sub blk(&@) { my $c = shift; join ",", map { $c->($_) } @_ } blk { $_[0] * 2 } 1, 2, 3  #=> "2,4,6"
sub un($) { "u$_[0]" } my @r = (un 1, un 2); "@r"  #=> "u1 u2"
sub f { my %o = (a => 1, @_); join ",", map { "$_$o{$_}" } sort keys %o } f(b => 2, a => 3)  #=> "a3,b2"
sub f { my $x = shift; return "neg" if $x < 0; return "zero" unless $x; "pos" } join ",", map { f($_) } -1, 0, 1  #=> "neg,zero,pos"
sub f { for my $i (1..5) { return $i if $i * $i > 10 } "none" } f()  #=> "4"
sub f { my $r = do { return "early" if $_[0]; "late" }; "got $r" } f(1) . f(0)  #=> "earlygot late"
sub f { my @r = map { return "out" if $_ == 2; $_ } 1..3; "in" } f()  #=> "out"
sub f { $_[0] or return "no"; "yes" } f(0) . f(1)  #=> "noyes"
sub f { my $x = shift || return "none"; $x } f() . f(5)  #=> "none5"
sub f { if ($_[0]) { "a" } else { "b" } } f(1) . f(0)  #=> "ab"
sub f { unless ($_[0]) { "u" } } (f(0), f("v"))  #=> "u", "v"
sub f { } my @x = f(); my $y = f(); (scalar(@x), defined $y)  #=> "0", ""
use feature 'state'; sub f { state $n = 10; $n++ } f(); f(); f()  #=> "12"
my $x = 5; eval '$x + 1'  #=> "6"
my $x = 5; eval '$x = 7; my $y = 1'; $x  #=> "7"
eval { die "oops\n" }; $@  #=> "oops\n"
eval { die "oops" }; $@  #=> "oops at case line 1.\n"
eval { die { code => 42 } }; $@->{code}  #=> "42"
my $r = eval { die "x\n"; 1 } || "default"; $r  #=> "default"
my @r = eval { (1,2,3) }; my $s = eval { (4,5,6) }; ("@r", $s)  #=> "1 2 3", "6"
eval { eval { die "inner\n" }; $in = $@; die "outer\n" }; ($in, $@)  #=> "inner\n", "outer\n"
eval "1 +"; $@ ? "syntax" : "ok"  #=> "syntax"
eval { my $x = 1/0; }; $@  #=> "Illegal division by zero at case line 1.\n"
sub f { eval { return "from eval" }; "after" } f()  #=> "after"
for my $i (1..3) { eval { next if $i == 2; push @r, $i } } "@r"  #=> "1 3"
local $@ = "kept"; eval { 1 }; $@ eq "" ? "cleared" : "kept"  #=> "cleared"
eval { die }; $@  #=> "Died at case line 1.\n"
eval { eval { die "first\n" }; die }; $@  #=> "first\n\t...propagated at case line 1.\n"
local $SIG{__DIE__} = sub { $seen = "hook: $_[0]" }; eval { die "x\n" }; $seen  #=> "hook: x\n"
local $SIG{__WARN__} = sub { push @w, $_[0] }; warn "careful\n"; warn "no newline"; join "|", @w  #=> "careful\n|no newline at case line 1.\n"
die "final\n"  #!> final
die "no newline"  #!> no newline
die { a => 1 }  #!> HASH(
die "a", "b", 3, "\n"  #!> ab3
eval 'sub made_by_eval { "m" } 1'; made_by_eval()  #=> "m"
eval 'my $z = 5; die "in eval"'; $@ =~ s{eval \d+}{eval N}r  #=> "in eval at (eval N) line 1.\n"
my $n = 0; { eval { $n++; die "x" if $n < 3; 1 } or redo } $n  #=> "3"
__PACKAGE__, __LINE__, __FILE__  #=> "main", "1", "case"
sub who { (caller(0))[3] } sub where { (caller)[2] } (who(), where())  #=> "main::who", "1"
BEGIN { our $early = "set" } our $early; $early  #=> "set"
sub AUTO { "auto" } my $m = "AUTO"; main->$m  #=> "auto"

