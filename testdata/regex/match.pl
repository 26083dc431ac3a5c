#!/usr/bin/perl
# Answers what Perl makes of patterns. A line of input is PATTERN TAB FLAGS TAB SUBJECT TAB SUBJECT ..., all but the
# flags in hex. A line of output is "E message" when the pattern does not compile, else one answer for each subject,
# tabs between: "-" for no match, "T" when it took too long, or the spans of the match and its groups: 0,3;1,2;-
use strict; no warnings;
$| = 1;
while (my $line = <STDIN>) {
  chomp $line;
  my ($pattern, $flags, @subjects) = split /\t/, $line, -1;
  $pattern = pack 'H*', $pattern;
  my $re = eval { local $SIG{ALRM} = sub { die "too long\n" }; alarm 5; my $r = eval "qr/\$pattern/$flags"; my $e = $@; alarm 0; die $e if $e; $r };
  if (!defined $re) { my $e = $@; $e =~ s/[^ -~]+/ /g; print "E $e\n"; next }
  my @out;
  eval {
    local $SIG{ALRM} = sub { die "too long\n" };
    alarm 5;
    for my $subject (@subjects) {
      my $s = pack 'H*', $subject;
      my $r = '-';
      if ($s =~ $re) {
        my ($from, $to) = ([@-], [@+]);
        $r = join ';', map { defined $from->[$_] && defined $to->[$_] ? "$from->[$_],$to->[$_]" : '-' } 0 .. $#$to;
      }
      push @out, $r;
    }
    alarm 0;
  };
  alarm 0;
  push @out, 'T' while @out < @subjects;
  print join("\t", @out), "\n";
}
