#!/usr/bin/perl
# Records how the original (Debian package amavisd-new) speaks with virus scanners and judges what they say.
#
#   perl dialogues.pl dialogues.json > dialogues.golden.json
#
# Each case is an entry of @av_scanners, the files to scan, and what a scripted daemon on a port of 127.0.0.1 (21700 on;
# PORT0, PORT1 in the case) or a Unix socket (SOCK0) does with each connection. Runs of x are shortened. A script is a list of steps: "line" and
# "nul" read to a newline or NUL, "stream" reads pieces with a length before each up to one of length zero, "eof" reads to
# the end, a number reads so many bytes, ["send", TEXT] sends. DIR stands for the folder of parts. What was heard, and the
# verdict, is printed. A daemon without a script for a connection closes it.
use strict;
use warnings;
use lib '/usr/share/perl5';
BEGIN { no warnings 'once'; *CORE::GLOBAL::sleep = sub { 1 } }    # retries need no patience here
use JSON::PP;
use IO::Socket::INET;
use IO::Socket::UNIX;
use File::Path qw(make_path remove_tree);
use Time::HiRes ();
use Amavis::Boot;
use Amavis::Conf ();
use Amavis::Util ();
use Amavis::AV ();

$SIG{PIPE} = 'IGNORE';
my $base = "/tmp/av-dialogues.$$";
my $dir = "$base/parts";
make_path($dir);
{
  no warnings qw(redefine once prototype);
  *Amavis::AV::do_log = sub { 1 };
  *Amavis::IO::RW::do_log = sub { 1 };
  *Amavis::AV::section_time = sub { 1 };
}

my $json = JSON::PP->new->canonical->ascii;
my $cases = $json->decode(do { local (@ARGV, $/) = ($ARGV[0]); <> });
my @golden;
for my $case (@$cases) {
  print STDERR "$case->{name}\n";
  push @golden, record($case);
}
chdir '/';
remove_tree($base);
print $json->pretty->encode(\@golden);

# listen_on opens a socket and leaves a child that plays the scripts; it writes what it heard into a file.
sub listen_on {
  my ($name, $scripts) = @_;
  my $l = $name =~ /^PORT(\d)/
    ? IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 21700 + $1, Listen => 9, ReuseAddr => 1)
    : IO::Socket::UNIX->new(Local => "$base/$name", Listen => 9);
  $l or die "$name: $!";
  my $pid = fork // die;
  if ($pid) { close $l; return $pid }
  my $count = 0;
  open my $log, '>', "$base/$name.heard" or die;
  $log->autoflush;
  while (my $c = $l->accept) {
    my $script = $scripts->[$count++] || [];
    my $heard = play($c, $script);
    print $log $json->encode([$heard]), "\n";
  }
  exit 0;
}

sub play {
  my ($c, $script) = @_;
  my $heard = '';
  my $more = sub {
    my ($n) = @_;
    my $b = '';
    while (length $b < $n) {
      my $r = sysread $c, $b, $n - length $b, length $b;
      last if !$r;
    }
    $heard .= $b;
    return length $b == $n ? $b : undef;
  };
  my $until = sub { my ($end) = @_; while (1) { my $b = $more->(1); return if !defined $b || $b eq $end } };
  for my $step (@$script) {
    if (ref $step) { my $t = $step->[1]; $t =~ s/DIR/$dir/g; syswrite $c, $t }
    elsif ($step eq 'line') { $until->("\n") }
    elsif ($step eq 'nul') { $until->("\0") }
    elsif ($step eq 'eof') { 1 while defined $more->(1) }
    elsif ($step eq 'stream') {
      while (defined(my $len = $more->(4))) { my $n = unpack 'N', $len; last if !$n; $more->($n) }
    }
    else { $more->($step) }
  }
  close $c;
  $heard =~ s/\Q$dir\E/DIR/g;
  $heard =~ s/(x{100,})/'<' . length($1) . ' x>'/ge;
  $heard =~ s/SCAN_TIMEOUT \d+/SCAN_TIMEOUT N/;
  return $heard;
}

sub record {
  my ($case) = @_;
  unlink glob "$dir/*";
  my @names = sort keys %{ $case->{files} };
  for my $f (@names) {
    open my $fh, '>:raw', "$dir/$f" or die;
    my $text = $case->{files}{$f};
    $text = 'x' x $1 if $text =~ /^BYTES (\d+)/;
    print $fh $text;
    close $fh;
  }
  my @kids = map { listen_on($_, $case->{daemons}{$_}) } sort keys %{ $case->{daemons} };
  my @sockets = map { my $s = $_; $s =~ s/PORT(\d)/'127.0.0.1:' . (21700 + $1)/e; $s =~ s{(SOCK\d|NOBODY)}{$base/$1}; $s } @{ $case->{sockets} };
  my $compile = sub { my ($p) = @_; !defined $p || ref $p ? $p : qr/$p/m };
  %Amavis::Conf::current_policy_bank = (child_timeout => 60, first_infected_stops_scan => $case->{first_stops} ? 1 : 0);
  my @args = ($case->{query}, @sockets > 1 ? [@sockets] : $sockets[0], $case->{extra} ? $case->{extra} : ());
  my @results;
  for (1 .. $case->{times} || 1) {
    Amavis::Util::switch_to_my_time('recorder');
    my %r;
    my ($status, $output, $names);
    eval {
      ($status, $output, $names) = Amavis::AV::ask_daemon([@names], {}, $base, $case->{label} || 'scanner', \&Amavis::AV::ask_daemon,
        \@args, $compile->($case->{clean}), $compile->($case->{infected}), $compile->($case->{names}));
      1;
    } or do { $r{error} = "$@" };
    alarm 0;
    if (!exists $r{error}) {
      $output =~ s/\Q$dir\E/DIR/g if defined $output;
      %r = (status => defined $status ? ($status ? 'infected' : 'clean') : 'none', names => $names || [], output => $output);
    }
    if ($r{error}) { $r{error} =~ s/\Q$base\E/BASE/g; $r{error} =~ s/ at \S+ line \d+\.\n+//; $r{error} =~ s/CODE\(0x[0-9a-f]+\)/CODE/ }
    push @results, \%r;
  }
  %Amavis::AV::st_sock = ();
  %Amavis::AV::st_socket_created = ();
  Time::HiRes::sleep(0.15);
  kill 'KILL', $_ for @kids;
  waitpid $_, 0 for @kids;
  my %heard;
  for my $name (sort keys %{ $case->{daemons} }) {
    open my $fh, '<', "$base/$name.heard" or next;
    $heard{$name} = [map { $json->decode($_)->[0] } <$fh>];
    unlink "$base/$name.heard", "$base/$name";
  }
  return { name => $case->{name}, heard => \%heard, results => \@results };
}
