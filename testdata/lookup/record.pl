#!/usr/bin/perl
# Asks the original what it finds. Reads cases.json, prints the golden file:
#     perl record.pl cases.json > golden.json
# A case has options, a list of tables and keys; for each key the first result and all results are recorded, each with
# its matching key. Tables are written as one-member objects:
#   {"hash":{..}} {"list":[..]} {"re":[..]} {"const":v} {"label":s} {"opaque":v} {"opaqueref":v} {"code":table}
#   {"ip":[..]} (a pre-parsed object), {"ref":table} (one reference more). Patterns are {"qr":p,"flags":f} or text.
use strict;
use warnings;
use JSON::PP ();
use Encode ();
use Amavis::Boot;
use Amavis::Conf qw(:platform :confvars);
use Amavis::Util ();
use Amavis::rfc2821_2822_Tools ();
use Amavis::Lookup ();
use Amavis::Lookup::RE ();
use Amavis::Lookup::IP ();
use Amavis::Lookup::Label ();
use Amavis::Lookup::Opaque ();
use Amavis::Lookup::OpaqueRef ();

my $json = JSON::PP->new->canonical->allow_nonref;
open(my $fh, '<', $ARGV[0]) or die "$ARGV[0]: $!";
my $cases = $json->utf8->decode(do { local $/; <$fh> });

# text of the file is characters; the program works on octets, one per character below 256
sub octets { my $s = shift; utf8::encode($s) if defined $s && !ref $s; $s }
sub pattern {
  my $p = shift;
  return octets($p) if ref $p ne 'HASH';
  my $re = octets($p->{qr}); my $f = $p->{flags} // '';
  return $f eq '' ? qr/$re/ : eval "qr/\$re/$f";
}
sub value {
  my $v = shift;
  ref $v eq 'ARRAY' ? [ map(value($_), @$v) ]
  : ref $v eq 'HASH' ? { map((octets($_), value($v->{$_})), keys %$v) }
  : octets($v);
}
sub table {
  my $t = shift;
  my($kind) = keys %$t; my $d = $t->{$kind};
  return value($d) if $kind eq 'const' || $kind eq 'hash' || $kind eq 'list';
  return Amavis::Lookup::RE->new(
    map(ref $_ eq 'ARRAY' ? [ pattern($_->[0]), map(value($_), @$_[1..$#$_]) ] : pattern($_), @$d)) if $kind eq 're';
  return Amavis::Lookup::Label->new($d) if $kind eq 'label';
  return Amavis::Lookup::Opaque->new(value($d)) if $kind eq 'opaque';
  if ($kind eq 'opaqueref') { my $x = value($d); return Amavis::Lookup::OpaqueRef->new(\$x) }
  if ($kind eq 'code') { my $x = table($d); return sub { $x } }
  if ($kind eq 'ref') { my $x = table($d); return \$x }
  return Amavis::Lookup::IP->new(map(octets($_), @$d)) if $kind eq 'ip';
  die "unknown kind of table: $kind";
}
sub plain {
  my $v = shift;
  my $t = !defined $v ? undef
  : ref $v eq 'ARRAY' ? [ map(plain($_), @$v) ]
  : ref $v eq 'HASH' ? { map(($_, plain($v->{$_})), keys %$v) }
  : "$v";
  if (defined $t && !ref $t) { my $s = $t; $t = Encode::decode('iso-8859-1', $s) }  # octets shown one by one
  $t;
}
sub matching {  # references have no lasting address
  my $k = shift;
  return undef if !defined $k;
  $k = "$k"; $k =~ s/\(0x[0-9a-f]+\)/(0x0)/g; plain($k);
}

my @out;
for my $c (@$cases) {
  no warnings 'once';
  my $o = $c->{options} // {};
  $Amavis::Conf::localpart_is_case_sensitive = $o->{case} ? 1 : 0;
  $Amavis::Conf::recipient_delimiter = octets($o->{delimiter});
  Amavis::rfc2821_2822_Tools::clear_query_keys_cache();
  my @opt = defined $o->{append} ? (AppendStr => octets($o->{append})) : ();
  my @tables = map(table($_), @{$c->{tables}});
  my @answers;
  for my $key (@{$c->{keys}}) {
    my %a;
    if ($c->{ip}) {
      my($r, $k, $err) = eval { Amavis::Lookup::IP::lookup_ip_acl(octets($key), @tables) };
      $a{died} = 1 if $@ ne '';
      $a{invalid} = 1 if defined $err;
      $a{first} = [ plain($r), matching($k) ];
    } else {
      my $k = ref $key ? [ map(octets($_), @$key) ] : octets($key);
      my($r, $mk) = eval { Amavis::Lookup::lookup2(0, $k, \@tables, @opt) };
      $a{died} = 1 if $@ ne '';
      $a{first} = [ plain($r), matching($mk) ];
      my($rs, $mks) = eval { Amavis::Lookup::lookup2(1, $k, \@tables, @opt) };
      $a{all} = [ map([ plain($rs->[$_]), matching($mks->[$_]) ], 0 .. $#{$rs || []}) ];
      if ($c->{showkeys}) {
        my($keys) = Amavis::rfc2821_2822_Tools::make_query_keys($k, 1, 1, $o->{append});
        $a{keys} = [ map(plain($_), @$keys) ];
      }
    }
    push @answers, \%a;
  }
  push @out, { name => $c->{name}, answers => \@answers };
}
print "[\n", join(",\n", map(JSON::PP->new->canonical->ascii->encode($_), @out)), "\n]\n";
