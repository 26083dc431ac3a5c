#!/usr/bin/perl -T
# Expands templates with the original (Debian package amavisd-new) and prints what comes out.
# Standard input: one JSON array of templates. Standard output: one JSON array of results, null where the original
# died or did not end within a second. Octets stand as code points 0 to 255.
# First argument: the file with the macro table; "chars" as second: templates and values are UTF-8 text, as in notices.
use strict;
use warnings;
use JSON::PP;
BEGIN { $ENV{PATH} = '/usr/bin:/bin'; delete @ENV{qw(IFS CDPATH ENV BASH_ENV)} }
use lib '/usr/share/perl5';
use Amavis::Boot;
use Amavis::Conf qw(:platform);
use Amavis::Expand ();

sub untaint { $_[0] =~ /^(.*)\z/s; $1 }

# The macros that work on their arguments only are taken from the installed program, without running it.
sub builtins {
  open(my $in, '<', $INC{'Amavis/Expand.pm'} =~ s/Expand\.pm$//r . '../Amavis.pm') or die $!;
  my $text = do { local $/; <$in> };
  $text =~ s/^# Main program starts here.*//ms;
  $text .= "\ninit_builtin_macros(); 1;\n";
  local $SIG{__WARN__} = sub { };
  eval untaint($text) or die $@;
  no warnings 'once';
  return \%Amavis::builtins;
}

my ($table, $chars) = @ARGV;
open(my $in, '<', untaint($table)) or die "$table: $!";
my $macros = decode_json(do { local $/; <$in> });
my @templates = @{JSON::PP->new->latin1->decode(do { local $/; <STDIN> })};
my $all = builtins();
my %fixed;
$fixed{$_} = $all->{$_} for qw(wrap lc uc substr index len incr decr min max sprintf join limit dquote uquote rot13
  hexenc b64encode b64enc b64urlenc mail_addr_decode mail_addr_decode_octets mime_decode mime2utf8);
for my $name (keys %$macros) {
  my $v = $macros->{$name};
  if (!$chars && defined $v) { utf8::encode($_) for ref $v ? @$v : $v }
  $fixed{$name} = $v;
}
my $calls = 0;
$fixed{calls} = sub { ++$calls };
$fixed{args} = sub { my ($name, @a) = @_; $name . '(' . join('/', @a) . ')' . @a };
$fixed{listof} = sub { my ($name, @a) = @_; [@a] };
$fixed{L} = sub { ['a', 'b c', "d\n"] };
$fixed{none} = sub { undef };

my @results;
for my $t (@templates) {
  $calls = 0;
  my $text = $t;
  utf8::decode($text) if $chars;
  my %macros = %fixed;
  my $r = eval {
    local $SIG{__WARN__} = sub { };
    local $SIG{ALRM} = sub { die "timed out\n" };
    alarm 1;
    my $out = Amavis::Expand::expand(\$text, \%macros);
    alarm 0;
    $$out;
  };
  alarm 0;
  if (defined $r) {
    utf8::upgrade($r);
    utf8::encode($r) if $chars;
  }
  push @results, $r;
}
print JSON::PP->new->latin1->allow_nonref->encode(\@results), "\n";
