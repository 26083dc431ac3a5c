# Writes what MIME::Tools makes of Subject fields: perl subjects.pl > subjects.json. The file is in Latin-1.
use MIME::Head; use JSON::PP;
my @in = ("first  with   spaces and a very long line that is not folded at all but goes on and on past column 79\n\tand a tab fold\n   and spaces", "short", "", "   leading", ("word " x 40), ("x"x200), ("a"x72)." b", ("a"x60)." ".("b"x30)." c d e", "x\n \n  y", "Subject: nested", "subject:nested2", ("w1 "x20)."  ".("z"x10)."   tail   ", "tab\there ".("q "x50), "a"x57 ." ". "b"x5 ." ". "c"x6 ." ".("d"x40), "trail \n", "caf\xe9 ".("\xe9\xe8 "x40), ("y" x 70)."\t\t  z".("k "x10), "From here to there ".("w "x40), ("k"x66)."   ".("l"x66)."    m", "v\x0bw\x0cz ".("a\x0b"x60));
my @out;
for my $in (map { ($_, " $_") } @in) {
  my $h = MIME::Head->new; $h->modify(1); $h->add('Subject', $in);
  push @out, { in => $in, out => join('', @{$h->header}) };
}
print JSON::PP->new->latin1->canonical->pretty->encode(\@out);
