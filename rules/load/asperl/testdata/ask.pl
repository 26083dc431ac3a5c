# ask.pl [FILE NAME,NAME...]... - what an installed amavisd makes of each file: one JSON document for each, holding the
# named variables in the form of asperl, or {"error":..}. Each file is loaded in a process of its own.
use strict;
use warnings;
no warnings 'once';
BEGIN { pop @INC if $INC[-1] eq '.'; delete @ENV{qw(IFS CDPATH ENV BASH_ENV)}; $ENV{PATH} = '/bin:/usr/bin'; }
use Amavis::Boot;
use Amavis::Conf qw(:platform :sa :confvars);
use Amavis::Util ();
use Amavis::AV ();
use Amavis::Unpackers ();
use Amavis::rfc2821_2822_Tools ();
use Amavis::Lookup::RE ();
use Amavis::Lookup::Label ();
use B ();
use Encode ();
use JSON::PP ();
use Scalar::Util qw(refaddr reftype);
use re qw(regexp_pattern);

my %byaddr;
sub container { my ($s, $n) = (substr($_[0], 0, 1), substr($_[0], 1)); no strict 'refs';
  $s eq '$' ? \${"Amavis::Conf::$n"} : $s eq '@' ? \@{"Amavis::Conf::$n"} : \%{"Amavis::Conf::$n"} }
for my $v (map @$_, values %Amavis::Conf::EXPORT_TAGS) { $byaddr{refaddr container($v)} = $v if $v !~ /^&/ && $v ne '%current_policy_bank' }
for my $n (qw(log_short_templ log_verbose_templ notify_sender_templ)) { ${ container("\$$n") } = "{builtin:$n}" }

sub text { my $s = "$_[0]"; return $s if utf8::is_utf8($s); my $t = eval { Encode::decode('UTF-8', my $c = $s, Encode::FB_CROAK()) }; $t // Encode::decode('ISO-8859-1', $s) }
sub enc {
  my ($v, $top) = @_;
  return undef if !defined $v;
  my $r = ref $v;
  return text($v) if $r eq '';
  return { ref => $byaddr{refaddr $v} } if !$top && $byaddr{refaddr $v} && reftype($v) eq $r;
  if ($r eq 'Regexp') { my ($p, $f) = regexp_pattern($v); return { re => text($p), flags => $f } }
  if ($r eq 'CODE') { my $gv = B::svref_2object($v)->GV; return $gv->NAME eq '__ANON__' ? 'CODE' : 'CODE:' . $gv->STASH->NAME . '::' . $gv->NAME }
  my $t = reftype $v;
  my $d = $t eq 'ARRAY' ? [ map enc($_), @$v ] : $t eq 'HASH' ? { map((text($_) => enc($v->{$_})), keys %$v) } : enc($$v);
  return $t eq 'SCALAR' || $t eq 'REF' ? { sref => $d } : $d if $r eq $t;
  return $r eq 'Amavis::Lookup::RE' ? { lookup_re => $d } : $r eq 'Amavis::Lookup::Label' ? { label => $d } : { obj => $r, data => $d };
}
sub banks {
  my %out = map(($_ => enc($policy_bank{$_})), keys %policy_bank);
  my $b = $policy_bank{''};
  delete @{ $out{''} }{ grep { my $v = $b->{$_}; ref $v ? substr($byaddr{refaddr $v} // ' ', 1) eq $_ : defined $v && $v eq '' && /^policy_bank_(name|path)\z/ } keys %$b };
  \%out;
}

my @ask = map { /(.*)/s } @ARGV;
my $json = JSON::PP->new->canonical->utf8;
$| = 1;
while (my ($file, $names) = splice(@ask, 0, 2)) {
  my $pid = fork // die "fork: $!";
  if ($pid) { waitpid $pid, 0; next }
  my @w; local $SIG{__WARN__} = sub { push @w, text(@_) };
  if (!eval { Amavis::Conf::include_config_files($file); Amavis::Conf::supply_after_defaults(); 1 }) { print $json->encode({ error => text($@), warnings => \@w }), "\n"; exit }
  print $json->encode({ warnings => \@w, values => { map(($_ => $_ eq '%policy_bank' ? banks() : /^\$/ ? enc(${ container($_) }) : enc(container($_), 1)), split /,/, $names) } }), "\n";
  exit;
}
