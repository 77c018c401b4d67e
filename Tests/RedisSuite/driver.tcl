# Runs one file of Redis's own tests against a server that is already there, and reports each test on a line of its own.
#
#   tclsh driver.tcl REPORT UNIT HOST PORT SEED MODE SKIPFILE
#
# The working directory holds a copy of Redis's `tests`. Of that, everything is used as it is but the end of
# test_helper.tcl, which starts a server of tests and spreads files over processes: here one process runs one file, so
# that a file which breaks off takes no other with it. MODE is `run`, or `census`, which runs no test and reports the
# names of all, whatever their tags. TRIREME_TOKEN in the environment is the token to log in with, if any.
#
# What is changed, and why, is the list of redefinitions below. Nothing else is.

lassign $argv report_path unit host port seed mode skip_path
set ::report [open $report_path w]
fconfigure $::report -encoding utf-8

set helper [open tests/test_helper.tcl]
set text [read $helper]
close $helper
set end [string last "\nif {\$::client} {" $text]
if {$end < 0} {error "tests/test_helper.tcl does not end as that of Redis 7.0 does"}
# Its own parser of arguments puts these where the tests look.
set argv [list --host $host --port $port --singledb --ignore-encoding --ignore-digest --durable]
eval [string range $text 0 $end]
set ::test_server_fd none
set ::skiptests {}
expr {srand($seed)}
set skip_file [open $skip_path]
fconfigure $skip_file -encoding utf-8
set ::excluded [split [string trimright [read $skip_file] "\n"] "\n"]
close $skip_file

# 1. Reports go to a file, a line for each: a word, and the text in base64.
proc send_data_packet {fd status data {elapsed 0}} {
    set text [binary encode base64 [encoding convertto utf-8 $data]]
    puts $::report "$status $text"
    flush $::report
}

# 2. A name to be left out is compared byte for byte: the suite would take one that begins with a slash as a pattern.
proc search_pattern_list {value patterns {glob false}} {
    foreach pattern $patterns {
        if {$glob ? [string match $pattern $value] : $pattern eq $value} {return 1}
    }
    return 0
}
set ::skiptests $::excluded

# 3. Every connection to the server logs in. The tests know nothing of tokens.
rename socket bare_socket
proc socket {args} {
    set channel [bare_socket {*}$args]
    if {[info exists ::env(TRIREME_TOKEN)] && [lrange $args end-1 end] eq [list $::host $::port]} {
        fconfigure $channel -translation binary
        set token $::env(TRIREME_TOKEN)
        puts -nonewline $channel "*2\r\n\$4\r\nAUTH\r\n\$[string length $token]\r\n$token\r\n"
        flush $channel
        set answer [gets $channel]
        if {$answer ne "+OK\r"} {error "the login was answered $answer"}
    }
    return $channel
}

# 4. A reply that does not come fails the test that waits for it, instead of stopping the file for ever.
set ::reply_deadline 30000
rename ::redis::redis_read_reply ::redis::read_reply_at_once
proc ::redis::redis_read_reply {id fd} {
    if {[chan pending input $fd] == 0 && [fconfigure $fd -blocking]} {
        set timer [after $::reply_deadline {set ::readable($::awaited) 0}]
        set ::awaited $fd
        fileevent $fd readable [list set ::readable($fd) 1]
        vwait ::readable($fd)
        after cancel $timer
        fileevent $fd readable {}
        if {!$::readable($fd)} {
            catch {close $fd}
            set ::redis::fd($id) {}
            error "no reply within $::reply_deadline ms"
        }
    }
    read_reply_at_once $id $fd
}

# 5. Settings of how Redis keeps small collections and of its files mean nothing elsewhere: setting them is answered
#    here and not sent. Any other setting is sent, but for a census. (In capital letters a method goes to the server.)
set ::without_meaning {
    appendonly appendfsync auto-aof-rewrite-percentage hash-max-listpack-entries hash-max-listpack-value
    hash-max-ziplist-entries hash-max-ziplist-value list-compress-depth list-max-listpack-size list-max-ziplist-size
    rdb-key-save-delay save set-max-intset-entries zset-max-listpack-entries zset-max-listpack-value
    zset-max-ziplist-entries zset-max-ziplist-value
}
array set ::pretended {}
proc ::redis::__method__config {id fd args} {
    lassign $args action name value
    set name [string tolower $name]
    if {$::redis::deferred($id) || ($::mode eq "run" && $name ni $::without_meaning)} {
        return [::redis::__dispatch__raw__ $id CONFIG $args]
    }
    if {[string tolower $action] eq "set"} {
        set ::pretended($name) $value
        return OK
    }
    return [list $name [expr {[info exists ::pretended($name)] ? $::pretended($name) : ""}]]
}

# 6. The suite empties the library of functions before every block, also where there is none.
proc ::redis::__method__function {id fd args} {
    if {$args eq "flush"} {return OK}
    ::redis::__dispatch__raw__ $id FUNCTION $args
}

# 7. A census only looks at names.
if {$mode eq "census"} {
    proc tags_acceptable {tags err_return} {return 1}
    proc test {name code {okpattern undefined} {tags {}}} {send_data_packet none name $name}
}

if {[catch {execute_test_file $unit} message]} {
    send_data_packet none exception "$message\n$::errorInfo"
}
