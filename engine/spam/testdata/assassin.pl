#!/usr/bin/perl
# Asks the original, with SpamAssassin within, what it makes of mails. Reads assassin.json, prints the golden file:
#     perl assassin.pl assassin.json > assassin.golden.json
# A case has a configuration, the mail as lines, and the envelope. "fill" is repeated at the end of the mail.
use strict;
use warnings;
use JSON::PP ();
use File::Temp ();
use Amavis::Boot;
use Amavis::Conf qw(:platform :confvars :sa c cr ca);
use Amavis::Util ();
use Amavis::rfc2821_2822_Tools ();
use Amavis::Lookup ();
use Amavis::Lookup::RE ();

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
mkdir("$home/conf");
my $json = JSON::PP->new->canonical->pretty->ascii;
open(my $fh, '<', $ARGV[0]) or die "$ARGV[0]: $!";
my $cases = $json->decode(do { local $/; <$fh> });
for my $f (sort keys %{$cases->{files}}) {
  open(my $out, '>', "$home/$f") or die "$f: $!";
  print $out $cases->{files}{$f};
  close($out);
}
my($log);
$Amavis::Conf::helpers_home = $home; $Amavis::Conf::MYHOME = $home; $ENV{HOME} = $home;
$Amavis::Conf::sa_local_tests_only = 1; $Amavis::Conf::daemon_user = getpwuid($>);
$Amavis::Conf::sa_siteconfigpath = "$home/site";
mkdir("$home/site");
system("cp /etc/spamassassin/*.pre /etc/spamassassin/*.cf $home/site/") == 0 or die;
open(my $site, '>', "$home/site/zz.cf") or die;
print $site $cases->{site};
close($site);
%Amavis::Conf::current_policy_bank = %{$Amavis::Conf::policy_bank{''}};
require Amavis::SpamControl::SpamAssassin;
my $sa = Amavis::SpamControl::SpamAssassin->new('SpamAssassin', 'Amavis::SpamControl::SpamAssassin');
open(my $real, '>&', \*STDOUT);
open(STDOUT, '>&', \*STDERR);
$sa->init_pre_chroot; $sa->init_pre_fork; $sa->init_child;
my @out;
for my $c (@{$cases->{cases}}) {
  eval "package Amavis::Conf; no strict; no warnings; \@sa_userconf_maps = (); \@sa_username_maps = ();
    \$sa_mail_body_size_limit = undef; my \@spam_scanners;\n" . ($c->{config} // '') . ";\n1" or die "$c->{name}: $@";
  my $text = join('', map("$_\n", @{$c->{mail}})) . ($c->{fill} // '') x ($c->{times} // 0);
  utf8::encode($text);
  my($head) = $text =~ /\A(\n|.*?\n\n)/s;
  my $crlf = sub { my $s = shift; length($s) + ($s =~ tr/\n//) };
  open(my $file, '+>', "$home/mail") or die;
  print $file $text; $file->flush; seek($file, 0, 0);
  require IO::File; bless $file, 'IO::File';
  my @rcpts = map(Played->new(recip_addr => $_), @{$c->{rcpts}});
  my $m = Played->new(mail_text => $file, mail_text_str => length($text) <= 100*1024 ? \$text : undef, skip_bytes => 0,
    orig_header_size => $crlf->($head), orig_body_size => $crlf->($text) - $crlf->($head), msg_size => $crlf->($text),
    sender_smtp => Amavis::rfc2821_2822_Tools::qquote_rfc2821_local($c->{sender}), recips => $c->{rcpts}, per_recip_data => \@rcpts,
    parts_root => Played->new, originating => $c->{originating}, client_os_fingerprint => $c->{fingerprint});
  $sa->check($m);
  delete @{$m->{info}}{qw(TIMING RUSAGE-SA)};
  push(@out, { name => $c->{name}, info => { map(($_, "$m->{info}{$_}"), grep(defined $m->{info}{$_}, keys %{$m->{info}})) }, report => $m->{spam_report}, summary => $m->{spam_summary},
    rcpts => [ map({ level => "$_->{spam_level}", tests => join(',', map($$_, @{$_->{spam_tests}})) }, @rcpts) ] });
}
print $real $json->encode(\@out);
