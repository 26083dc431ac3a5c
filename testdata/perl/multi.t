# Cases of several lines: heredocs, POD, long statements.
my $x = "v";
my $t = <<"A" . "x" . <<'B';
v1 $x
A
no $x
B
$t  #=> "v1 v\nxno $x\n"
my $t = <<~EOT;
    indented
      more
    EOT
$t  #=> "indented\n  more\n"
my $t = <<EOT;
"a" 'b' \x41 \\ @{[ 1 + 1 ]}
EOT
$t  #=> "\"a\" 'b' A \\ 2\n"
my %h = (a => <<A, b => <<B);
one
A
two
B
($h{a}, $h{b})  #=> "one\n", "two\n"
my $x = 1; # a comment
$x  #=> "1"
my $v = 1;
=pod

text $v = 2;

=cut
$v  #=> "1"
my $long = 1 +
  2 +
  3;
$long, __LINE__  #=> "6", "4"
my @l = (
  'a',   # one
  'b',
);
scalar(@l)  #=> "2"
eval {
  my $x = 1;
  die "here";
};
$@  #=> "here at case line 3.\n"
eval {
  die "multi ",
    "line",
    "\n";
};
$@  #=> "multi line\n"
sub f {
  my ($x) = @_;
  if ($x) {
    return "yes";
  }
  else {
    return "no";
  }
}
f(1) . f(0)  #=> "yesno"
my %policy = (
  A => { x => 1, list => [ qw(a b) ] },
  B => { %{ { y => 2 } }, x => 3 },
);
join ",", map { my $k = $_; map { "$k$_" } sort keys %{ $policy{$k} } } sort keys %policy  #=> "Alist,Ax,Bx,By"
my @maps = (
  { '.example.com' => 1 },
  [ qw(.example.org !.x.org) ],
  \my %late,
);
$late{k} = 5;
($maps[0]{'.example.com'}, $maps[1][1], $maps[2]{k})  #=> "1", "!.x.org", "5"
warn "x\n" if 0;
my $s = 'multi
line';
$s  #=> "multi\nline"
use constant {
  RED => 1,
  BLUE => 2,
};
RED + BLUE  #=> "3"

