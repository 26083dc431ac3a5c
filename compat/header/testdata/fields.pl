#!/usr/bin/perl -T
# Makes header fields with the original (Debian package amavisd-new). Standard input: a JSON array of
# [name, body, structured]; the body is text. Standard output: a JSON array of the fields, octets as code points.
use strict;
use warnings;
no warnings 'once';
use JSON::PP;
BEGIN { $ENV{PATH} = '/usr/bin:/bin'; delete @ENV{qw(IFS CDPATH ENV BASH_ENV)} }
use lib '/usr/share/perl5';
use Amavis::Boot;
use Amavis::Conf qw(:platform);
use Amavis::Out::EditHeader ();
%Amavis::Conf::current_policy_bank = (hdr_encoding => 'UTF-8', hdr_encoding_qb => 'Q');
$Amavis::Util::current_config_log_level = -9;    # it logs what it shortens
my @out;
for my $case (@{decode_json(do { local $/; <STDIN> })}) {
  my ($name, $body, $structured) = @$case;
  my $r = eval { no warnings; local $SIG{__WARN__} = sub { }; Amavis::Out::EditHeader::hdr($name, $body, $structured) };
  push @out, $r;
}
print JSON::PP->new->latin1->allow_nonref->encode(\@out), "\n";
