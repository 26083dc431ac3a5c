#!/usr/bin/perl
# record.pl DIR: what MIME::Parser, set up as amavisd-new 2.13 sets it up, makes of each mail in a folder, as JSON lines.
# A body is its length and SHA-1; preambles (0) and epilogues (1) are given where amavisd makes parts of them.
use strict;
use MIME::Parser; use MIME::Words; use MIME::Base64; use Encode; use Digest::SHA qw(sha1_hex); use JSON::PP;
$SIG{__WARN__} = sub {};
my $json = JSON::PP->new->canonical->ascii;

sub slurp { open my $h, '<', $_[0] or die; binmode $h; local $/; <$h> }
sub worth { my $l = shift; defined $l && @$l && (@$l > 5 || "@$l" =~ m{[^A-Za-z0-9/\@:;,. \t\n_-]}) }
sub decoded {
  my $out = '';
  for my $word (MIME::Words::decode_mimewords($_[0])) {
    my($octets, $charset) = @$word;
    $charset = 'Windows-1252' if !defined $charset || $charset eq '';
    $charset =~ s/\*[^*]*\z//;
    my $e = find_encoding($charset);
    $out .= $e ? $e->decode($octets) : $octets;
  }
  $out;
}
sub names {
  my $head = shift; my @names;
  for my $field ('content-disposition.filename', 'content-type.name') {
    my $raw = $head->mime_attr($field);
    next if !defined $raw || $raw eq '';
    for my $n (eval { decoded($raw) } // '', $raw) {
      push @names, $n if $n ne '' && !grep { $_ eq $n } @names;
    }
  }
  @names;
}
sub two_boundaries {
  my($line) = ($_[0]->head->get('Content-Type') // '') =~ m{^multipart/\w+(.+)} or return 0;
  my $n = 0;
  while ($line =~ m{\G;\s+(\w+)=(?:\w+|"(?:\\.|[^"\\])*")}g) { $n++ if lc $1 eq 'boundary' }
  $n > 1;
}
sub describe {
  my($e, $place, $out) = @_;
  my($declared, $followed) = ($e->mime_type, $e->effective_type);
  my $body = 'container';
  if (my $b = $e->bodyhandle) { my $s = $b->as_string; $body = length($s) . ' ' . sha1_hex($s) }
  my @more;
  for my $pair ([0, $e->preamble], [1, $e->epilogue]) {
    next if !worth($pair->[1]);
    my $s = join '', @{$pair->[1]};
    push @more, $pair->[0] . ':' . length($s) . ':' . sha1_hex($s);
  }
  push @more, 'ambiguous' if !$e->bodyhandle && $e->is_multipart && two_boundaries($e);
  push @$out, join(' ', $place, join(',', $declared eq $followed ? $declared : ($declared, $followed)), "[$body]",
                   'names=' . join('|', map { s/^ARRAY\(0x[0-9a-f]+\)$//r } names($e->head)), @more);
  my $i = 0;
  describe($_, "$place/" . ++$i, $out) for $e->parts;
}

for my $file (sort glob("$ARGV[0]/*")) {
  my $mail = slurp($file);
  my $p = MIME::Parser->new;
  $p->output_to_core(1); $p->tmp_to_core(1); $p->extract_uuencode(1); $p->extract_nested_messages(0); $p->max_parts(10000);
  my $top = eval { $p->parse_data($mail) };
  my $err = join('; ', $p->results->errors);
  $err =~ s/\s+\z//; $err =~ s/[ \t\r]*\n+/; /g; $err =~ s/\s+/ /g;
  substr($err, 250) = '[...]' if length $err > 250;
  my @out;
  describe($top, '1', \@out) if $top;
  print $json->encode({ mail => encode_base64($mail, ''), error => $err, parts => \@out }), "\n";
}
