#!/usr/bin/perl -T
# Expands the original's own log templates (Debian package amavisd-new) over tables of macros and prints the results.
# Standard input: a JSON array of tables; a key "name" is a plain macro, "name|arg|arg" a call with arguments.
# Standard output: a JSON array of objects with short, verbose and recip.
use strict;
use warnings;
no warnings 'once';
use JSON::PP;
BEGIN { $ENV{PATH} = '/usr/bin:/bin'; delete @ENV{qw(IFS CDPATH ENV BASH_ENV)} }
use lib '/usr/share/perl5';
use Amavis::Boot;
use Amavis::Conf qw(:platform);
use Amavis::Expand ();

sub untaint { $_[0] =~ /^(.*)\z/s; $1 }

my $path = $INC{'Amavis/Expand.pm'} =~ s/Expand\.pm$//r . '../Amavis.pm';
open(my $in, '<', $path) or die "$path: $!";
my $text = do { local $/; <$in> };
my @templates = (split /^__DATA__\n/m, $text)[1 .. 3];    # after the program: short, verbose, per recipient
s/[\r\n]+\z// for @templates;
$text =~ s/^# Main program starts here.*//ms;
{ local $SIG{__WARN__} = sub { }; eval untaint($text . "\ninit_builtin_macros(); 1;\n") or die $@ }

my @results;
for my $table (@{decode_json(do { local $/; <STDIN> })}) {
  my %macros = map { ($_ => $Amavis::builtins{$_}) } qw(substr b64urlenc dquote uquote mime2utf8 mail_addr_decode_octets);
  my %calls;
  for my $key (keys %$table) {
    my $v = $table->{$key};
    if (defined $v) { utf8::encode($_) for ref $v ? @$v : $v }
    my ($name, $args) = split /\|/, $key, 2;
    if (defined $args) { $calls{$name}{$args} = $v } else { $macros{$name} = $v }
  }
  for my $name (keys %calls) {
    my $of = $calls{$name};
    $macros{$name} = sub {
      my ($called, @a) = @_;
      my $fmt = $name eq 'supplementary_info' && @a > 1 ? pop @a : undef;
      my $v = $of->{join '|', @a};
      defined $v && $v ne '' && defined $fmt ? sprintf(untaint($fmt), $v) : $v;
    };
  }
  my %out;
  @out{qw(short verbose recip)} = map {
    no warnings;
    my %own = %macros;
    my $t = $_;
    [grep { $_ ne '' } split /[ \t]*\n/, ${Amavis::Expand::expand(\$t, \%own)}];
  } @templates;
  push @results, \%out;
}
print JSON::PP->new->latin1->encode(\@results), "\n";
