# Reads streams of TAP, a JSON string a line; says of each what perl's own parser makes of it, a JSON object a line.
use strict;
use warnings;
use JSON::PP;
use TAP::Parser;

local $SIG{__WARN__} = sub { };
my $json = JSON::PP->new->utf8->canonical->allow_nonref;
$| = 0;
while ( my $line = <STDIN> ) {
    my $parser = TAP::Parser->new( { tap => $json->decode($line) } );
    my ( $bailed, @outcomes ) = (0);
    while ( my $result = $parser->next ) {
        $bailed = 1 if $result->is_bailout;
        next unless $result->is_test;
        push @outcomes, $result->has_skip || $result->has_todo ? 'skipped' : $result->is_actual_ok ? 'passed' : 'failed';
    }
    my $good = !$bailed && !$parser->parse_errors && !$parser->failed && $parser->is_good_plan ? JSON::PP::true : JSON::PP::false;
    print $json->encode( { good => $good, outcomes => \@outcomes, errors => [ $parser->parse_errors ] } ), "\n";
}
