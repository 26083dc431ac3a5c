#!/usr/bin/perl
# Asks the original what its white and black lists make of senders. Reads lists.json, prints the golden file:
#     perl lists.pl lists.json > lists.golden.json
# A case has a configuration, senders (the envelope sender first) and recipients, and rows of wblist by recipient and
# sender when SQL is to be played.
use strict;
use warnings;
use JSON::PP ();
use Amavis::Boot;
use Amavis::Conf qw(:platform :confvars c cr ca);
use Amavis::Util ();
use Amavis::rfc2821_2822_Tools ();
use Amavis::Lookup ();
use Amavis::Lookup::RE ();
use Amavis::Lookup::Label ();
use Amavis::SpamControl;

package Rcpt;
our $AUTOLOAD;
sub new { my($class, %f) = @_; bless {%f}, $class }
sub AUTOLOAD {
  my($self, @v) = @_;
  (my $n = $AUTOLOAD) =~ s/.*:://;
  return if $n eq 'DESTROY';
  $self->{$n} = $v[0] if @v;
  $self->{$n};
}

package main;
my(@log, %rows, $recip);
{
  no warnings;
  *Amavis::SpamControl::do_log = sub { my($l, $f, @a) = @_; push(@log, sprintf("%d $f", $l, @a)) if $l < 5 && $f =~ /^wbl: / && $f !~ /unexpected/ };
  *Amavis::SpamControl::ll = sub { 1 };
  my $lookup = \&Amavis::SpamControl::lookup;
  *Amavis::Lookup::SQLfield::new = sub { bless { user => $_[4] }, 'Played' };
  *Amavis::SpamControl::lookup = sub {
    my($all, $addr, @tables) = @_;
    return ($rows{$recip}{$addr}[$tables[0]{user}], 'k') if ref $tables[0] eq 'Played';
    $lookup->(@_);
  };
}
my $json = JSON::PP->new->canonical->pretty;
open(my $fh, '<', $ARGV[0]) or die "$ARGV[0]: $!";
my $cases = $json->decode(do { local $/; <$fh> });
my @out;
for my $c (@$cases) {
  if (my $pid = open(my $child, '-|') // die "fork: $!") {
    push(@out, $json->decode(do { local $/; <$child> }));
    close($child) or die "case $c->{name} failed";
    next;
  }
  eval "package Amavis::Conf; no strict; no warnings;\n$c->{config};\n1" or die "$c->{name}: $@";
  %Amavis::Conf::current_policy_bank = %{$Amavis::Conf::policy_bank{''}};
  my @rcpts = map(Rcpt->new(recip_addr => $_, recip_done => scalar(grep { $_ eq 'done' } split(/[+@]/, $_))), @{$c->{rcpts}});
  for my $r (@rcpts) {
    my $rows = ($c->{sql} || {})->{$r->recip_addr} or next;
    my($n) = sort { $b <=> $a } map(scalar(@$_), values %$rows);
    $r->user_id([ 0 .. $n-1 ]);
    $rows{$r->recip_addr} = $rows;
  }
  # the recipient in work is known from the log lines and the order of calls only; method user_id is called once for each
  { no warnings 'once'; *Rcpt::user_id = sub { my $s = shift; $s->{user_id} = $_[0] if @_; $recip = $s->{recip_addr}; $s->{user_id} } }
  my @senders = @{$c->{senders}};
  my $info = Rcpt->new(sender => shift @senders, rfc2822_from => \@senders, per_recip_data => \@rcpts);
  my($any, $all) = Amavis::SpamControl::white_black_list($info, $c->{sql} ? 1 : undef, undef, undef);
  print $json->encode({ name => $c->{name}, any => $any ? 1 : 0, all => $all ? 1 : 0, log => \@log, rcpts => [ map({
    addr => $_->{recip_addr}, level => defined $_->{spam_level} ? "$_->{spam_level}" : undef, white => $_->{recip_whitelisted_sender} ? 1 : 0,
    black => $_->{recip_blacklisted_sender} ? 1 : 0, tests => join(',', map($$_, @{$_->{spam_tests} || []})) }, @rcpts) ] });
  close(STDOUT);
  exit 0;
}
print $json->encode(\@out);
