#!/usr/bin/perl
# dump.pl - ask an installed amavisd 2.13.0 which configuration variables it exports, in which groups, what they hold
# before a configuration file is read, and which are retired. Prints JSON; main.go makes ../table.go and ../defaults.json of it.
#
# Encoding of a value: undef is null; strings and numbers are themselves; [..] and {..} are arrays and hashes;
#   {"ref":"%name"} refers to a variable; {"re":..,"flags":..} is qr//; {"lookup_re":[..]} is an object of that class;
#   {"c":"name"}, {"ca":..}, {"cr":..} is a sub which gives that member of the policy bank in force;
#   {"code":"name"} is a named sub; {"code":"kind","arg":..} is one of the few others, made natively;
#   {"builtin":"name"} is a text that we bring ourselves; {"computed":"what"} depends on the machine;
#   {"hash":{..}} is a hash whose keys could be taken for one of these.
use strict;
use warnings;
no warnings 'once';
BEGIN { pop @INC if $INC[-1] eq '.'; delete @ENV{qw(IFS CDPATH ENV BASH_ENV)}; $ENV{PATH} = '/bin:/usr/bin'; }
use Amavis::Boot;
use Amavis::Conf qw(:platform :sa :confvars);
use Amavis::Util ();
use Amavis::Lookup::RE ();
use Amavis::AV ();
use Amavis::Unpackers ();
use B ();
use B::Deparse ();
use JSON::PP ();
use Scalar::Util qw(refaddr blessed);
use re qw(regexp_pattern);

my @tags = qw(dynamic_confvars confvars sa platform hidden_confvars legacy_dynamic_confvars legacy_confvars);
my %computed = (
  '$myhostname' => 'hostname', '$myprogram_name' => 'program', '$AF_INET6' => 'af_inet6',
  '$have_inet4' => 'have_inet4', '$have_inet6' => 'have_inet6', '$io_socket_module_name' => 'socket_module',
  '$inet_socket_bind' => 'loopback', '$my_pid' => 'pid', '$profiling' => 'profiling',
);
# what the main program puts in before it reads the configuration
my @texts = qw(log_short_templ log_verbose_templ log_recip_templ notify_sender_templ notify_virus_sender_templ
  notify_virus_admin_templ notify_virus_recips_templ notify_spam_sender_templ notify_spam_admin_templ
  notify_release_templ notify_report_templ notify_autoresp_templ);
my %special = map(("\$$_" => { builtin => $_ }), @texts);
$special{'$log_templ'} = { builtin => 'log_short_templ' };
$special{'$notify_spam_recips_templ'} = '';
$special{'$instance_name'} = '';
$special{'%local_delivery_aliases'} = { hash => { map(($_ => { code => 'delivery_alias', arg => $_ }),
  qw(virus-quarantine banned-quarantine unchecked-quarantine spam-quarantine bad-header-quarantine clean-quarantine
     other-quarantine archive-quarantine archive-files archive-mbox recip-quarantine sender-quarantine)) } };
$Amavis::Conf::map_full_type_to_short_type_re = Amavis::Lookup::RE->new(@$Amavis::Conf::map_full_type_to_short_type_re);

my (%group, %byaddr, @names);
for my $tag (@tags) {
  for my $v (@{ $Amavis::Conf::EXPORT_TAGS{$tag} }) {
    next if $v =~ /^&/ || $group{$v};
    $group{$v} = $tag;
    push @names, $v;
  }
}
push @names, grep !$group{$_}, qw(%final_destiny_by_ccat %defang_by_ccat $sql_partition_tag $DO_SYSLOG $LOGFILE);
my %alias;
sub container { my ($s, $n) = (substr($_[0], 0, 1), substr($_[0], 1)); no strict 'refs';
  $s eq '$' ? \${"Amavis::Conf::$n"} : $s eq '@' ? \@{"Amavis::Conf::$n"} : \%{"Amavis::Conf::$n"} }
for my $v (@names) {
  my $a = refaddr(container($v));
  if ($byaddr{$a}) { $alias{$v} = $byaddr{$a} } else { $byaddr{$a} = $v }
}

my $deparse = B::Deparse->new('-p');
sub code {
  my $cv = $_[0];
  my $gv = B::svref_2object($cv)->GV;
  return { code => $gv->STASH->NAME . '::' . $gv->NAME } if $gv->NAME ne '__ANON__';
  my $text = $deparse->coderef2text($cv);
  return { $1 => $2 } if $text =~ /^\s*(?:(?:package|use|no|BEGIN)[^\n]*;\s*)*(c|ca|cr)\('(\w+)'\);\s*\}\s*\z/m;
  return { code => 'list_of_c', arg => $1 } if $text =~ /\[c\('(\w+)'\)\];\s*\}\s*\z/;
  return { code => 'opaque_c', arg => $1 } if $text =~ /Opaque\(c\('(\w+)'\)\);\s*\}\s*\z/;
  die "a sub that is not known: $text";
}
sub enc {
  my ($v, $top) = @_;
  return undef if !defined $v;
  my $r = ref $v;
  if ($r eq '') {
    my $f = B::svref_2object(\$v)->FLAGS;
    return "$v" if $f & B::SVf_POK;
    return 0 + $v if $f & (B::SVf_IOK | B::SVf_NOK);
    return "$v";
  }
  return { ref => $byaddr{ refaddr $v } } if !$top && $byaddr{ refaddr $v } && !blessed $v;
  return do { my ($p, $f) = regexp_pattern($v); { re => $p, flags => $f } } if $r eq 'Regexp';
  return code($v) if $r eq 'CODE';
  return [ map enc($_), @$v ] if $r eq 'ARRAY';
  return { hash => { map(($_ => enc($v->{$_})), keys %$v) } } if $r eq 'HASH';
  return { lookup_re => [ map enc($_), @$v ] } if $r eq 'Amavis::Lookup::RE';
  die "a value that is not known: $r";
}

my @out;
for my $v (@names) {
  my $sigil = substr($v, 0, 1);
  my %row = (name => $v, group => $group{$v} // '');
  if ($alias{$v}) { $row{alias} = $alias{$v} }
  elsif ($v eq '%policy_bank' || $v eq '%current_policy_bank') { $row{default} = { computed => 'banks' } }
  elsif ($computed{$v}) { $row{default} = { computed => $computed{$v} } }
  elsif (exists $special{$v}) { $row{default} = $special{$v} }
  else { my $c = container($v); $row{default} = $sigil eq '$' ? enc($$c) : enc($c, 1) }
  if ($sigil eq '$' && tied ${ container($v) }) {   # retired: find out what it calls a change
    my @warned; local $SIG{__WARN__} = sub { push @warned, @_ };
    my $c = container($v); my $old = $$c;
    $$c = 'x1'; @warned = (); $$c = 'x2'; my $str = @warned;
    @warned = (); $$c = '2'; my $num = @warned;
    $$c = $old;
    $row{retired} = $str ? 'str' : $num ? 'num' : 'bool';
  }
  push @out, \%row;
}
print JSON::PP->new->canonical->pretty->indent_length(1)->allow_nonref->latin1->encode(\@out);
