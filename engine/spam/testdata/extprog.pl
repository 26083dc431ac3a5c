#!/usr/bin/perl
# Asks the original what it makes of the output of programs. Reads extprog.json, prints the golden file:
#     perl extprog.pl extprog.json > extprog.golden.json
use strict;
use warnings;
use JSON::PP ();
use File::Temp ();
use IO::File ();
use Amavis::Boot;
use Amavis::Conf qw(:platform :confvars :sa c cr ca);
use Amavis::Util ();
use Amavis::SpamControl::ExtProg ();

package Played;
our $AUTOLOAD;
sub new { my($class, %f) = @_; bless {%f}, $class }
sub AUTOLOAD {
  my($self, @v) = @_;
  (my $n = $AUTOLOAD) =~ s/.*:://;
  return if $n eq 'DESTROY';
  $self->{$n} = $v[0] if @v;
  $self->{$n};
}
sub supplementary_info {
  my($self, $k, @v) = @_;
  $self->{info}{$k} = $v[0] if @v;
  $self->{info}{$k};
}

package main;
my $home = File::Temp::tempdir(CLEANUP => 1);
my $json = JSON::PP->new->canonical->pretty->ascii;
open(my $fh, '<', $ARGV[0]) or die "$ARGV[0]: $!";
my $cases = $json->decode(do { local $/; <$fh> });
%Amavis::Conf::current_policy_bank = %{$Amavis::Conf::policy_bank{''}};
$Amavis::Util::timestamp_of_last_reception = time;
my @out;
for my $c (@$cases) {
  open(my $p, '>', "$home/$c->{program}") or die;
  print $p "#!/bin/sh\ncat >'$home/in'\ncat '$home/out'\nexit " . ($c->{status} // 0) . "\n";
  close($p);
  chmod(0755, "$home/$c->{program}");
  open(my $o, '>', "$home/out") or die;
  print $o $c->{output};
  close($o);
  my $s = Amavis::SpamControl::ExtProg->new('Prog', 'Amavis::SpamControl::ExtProg', "$home/$c->{program}", [], %{$c->{options} // {}});
  my $text = "Subject: x\n\nhello\n" . "0123456789\n" x ($c->{lines} // 0);
  my $size = length($text) + ($text =~ tr/\n//);
  my $r = Played->new(recip_addr => 'bob@example.com');
  my $m = Played->new(mail_text => 1, mail_text_str => \$text, skip_bytes => 0, orig_header_size => 14, orig_body_size => $size - 14,
    msg_size => $size, sender_smtp => '<a@x.test>', recips => ['bob@example.com'], per_recip_data => [$r]);
  my $ok = eval { $s->check($m); 1 };
  open(my $in, '<', "$home/in") or die;
  my $got = do { local $/; <$in> };
  push(@out, { name => $c->{name}, failed => $ok ? 0 : 1, level => defined $r->{spam_level} ? "$r->{spam_level}" : undef,
    tests => join(',', map($$_, @{$r->{spam_tests} || []})), input => $got,
    info => { map(($_, "$m->{info}{$_}"), grep(defined $m->{info}{$_}, keys %{$m->{info}})) } });
}
print $json->encode(\@out);
