#!/usr/bin/perl
# Runs the cases of this folder in real Perl: each in a process of its own, one line of JSON for each.
# Usage: driver.pl FILE...
use JSON::PP;
use re ();
use Scalar::Util ();
use POSIX ();

my $json = JSON::PP->new->canonical->allow_nonref->latin1;

sub plain {
  my ($v, $depth) = @_;
  return undef if !defined $v;
  return 'DEEP' if $depth > 20;
  my $r = Scalar::Util::reftype($v);
  return "$v" if !ref $v;
  if ($r eq 'REGEXP') { my ($p, $f) = re::regexp_pattern($v); return { re => $p, flags => $f } }
  return [ map plain($_, $depth + 1), @$v ] if $r eq 'ARRAY';
  if ($r eq 'HASH') { my %h = map +($_ => plain($v->{$_}, $depth + 1)), keys %$v; return \%h }
  return 'CODE' if $r eq 'CODE';
  return 'GLOB' if $r eq 'GLOB';
  return { sref => plain($$v, $depth + 1) };
}

sub run_case { my @r = eval "#line 1 \"case\"\n$_[0]"; ($@, @r) }

for my $file (@ARGV) {
  open my $fh, '<', $file or die "$file: $!";
  my @lines = <$fh>;
  close $fh;    # else messages would name it
  my ($code, $start, $at) = ('', 0, 0);
  for my $line (@lines) {
    $at++;
    if ($code eq '' and $line =~ /^\s*(?:#|$)/) { next }
    $start = $at if $code eq '';
    if ($line =~ /^(.*?)\s*#(=|!|X)> ?(.*)$/) {
      my ($last, $kind) = ($1, $2);
      $code .= "$last\n";
      if ($kind ne 'X') {
        pipe my $r, my $w or die;
        my $pid = fork;
        if (!$pid) {
          close $r;
          open STDOUT, '>', '/dev/null'; open STDERR, '>', '/dev/null';
          %ENV = (PATH => '/bin:/usr/bin', HOME => '/root');
          alarm 20;
          my ($err, @vals) = run_case($code);
          syswrite $w, $json->encode({ file => $file, line => $start, error => "$err",
            vals => [ map plain($_, 0), @vals ] }) . "\n";
          POSIX::_exit(0);
        }
        close $w;
        my $out = do { local $/; <$r> };
        waitpid $pid, 0;
        print defined $out && $out ne '' ? $out : $json->encode({ file => $file, line => $start, error => 'DIED', vals => [] }) . "\n";
      }
      $code = '';
      next;
    }
    $code .= $line;
  }
}
