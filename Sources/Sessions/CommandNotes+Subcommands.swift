// The second words of commands: name; arity; since; Redis's flags beside `loading stale`; rules of keys; what it costs;
// arguments; summary.

extension CommandNotes {
    static let subcommands = """
        acl|cat ; -2 ; 6.0.0 ; ; ; O(1) ; [categoryname] ; Lists the categories of commands, or a category's commands.
        acl|dryrun ; -4 ; 7.0.0 ; admin ; ; O(1) ; username command [arg*] ; Tells whether a user may say a command.
        acl|getuser ; 3 ; 6.0.0 ; admin ; ; O(1) ; username ; Tells what a user may do.
        acl|help ; 2 ; 6.0.0 ; ; ; O(1) ; ; Tells how to use ACL.
        acl|list ; 2 ; 6.0.0 ; admin ; ; O(1) ; ; Tells the users and what they may do.
        acl|users ; 2 ; 6.0.0 ; admin ; ; O(1) ; ; Tells the users' names.
        acl|whoami ; 2 ; 6.0.0 ; ; ; O(1) ; ; Tells the user of this connection.
        changes|from ; -3 ; 7.0.0 ; ; ; O(N) with N bytes of log ; index [count:i=COUNT] [milliseconds:i=BLOCK] \
            [pattern:p=MATCH] ; Tells what was changed from an index on.
        changes|help ; 2 ; 7.0.0 ; ; ; O(1) ; ; Tells how to use CHANGES.
        changes|info ; 2 ; 7.0.0 ; ; ; O(1) ; ; Tells from which index on changes can be told here.
        client|getname ; 2 ; 2.6.9 ; ; ; O(1) ; ; Tells the connection's name.
        client|getredir ; 2 ; 6.0.0 ; ; ; O(1) ; ; Tells that nothing is tracked.
        client|help ; 2 ; 5.0.0 ; ; ; O(1) ; ; Tells how to use CLIENT.
        client|id ; 2 ; 5.0.0 ; ; ; O(1) ; ; Tells the connection's number.
        client|info ; 2 ; 6.2.0 ; ; ; O(1) ; ; Tells about the connection.
        client|kill ; -3 ; 2.4.0 ; admin ; ; O(N) with N connections ; \
            <filter address {new-format [client-id:i=ID] [<client-type=TYPE normal!NORMAL pubsub!PUBSUB>] \
            [username=USER] [address=ADDR] [yes/no=SKIPME]}*> ; Closes connections.
        client|list ; -2 ; 2.4.0 ; admin ; ; O(N) with N connections ; \
            [<client-type=TYPE normal!NORMAL pubsub!PUBSUB>] [{id=ID client-id:i*}] ; Tells about the connections.
        client|no-evict ; 3 ; 7.0.0 ; admin ; ; O(1) ; <enabled on!ON off!OFF> ; \
            Takes note that the connection should be kept.
        client|no-touch ; 3 ; 7.2.0 ; ; ; O(1) ; <enabled on!ON off!OFF> ; Does nothing: no use of keys is noted.
        client|reply ; 3 ; 3.2.0 ; ; ; O(1) ; <on_off_skip on!ON off!OFF skip!SKIP> ; Says which requests are answered.
        client|setinfo ; 4 ; 7.2.0 ; ; ; O(1) ; <attr libname=LIB-NAME libver=LIB-VER> ; Names the client's library.
        client|setname ; 3 ; 2.6.9 ; ; ; O(1) ; connection-name ; Names the connection.
        client|unblock ; -3 ; 5.0.0 ; admin ; ; O(1) ; client-id:i [<timeout_error timeout!TIMEOUT error!ERROR>] ; \
            Lets a client go on that waits.
        cluster|countkeysinslot ; 3 ; 3.0.0 ; ; ; O(1) ; slot:i ; Counts the keys of a slot.
        cluster|getkeysinslot ; 4 ; 3.0.0 ; ; ; O(N) with N keys returned ; slot:i count:i ; Returns keys of a slot.
        cluster|help ; 2 ; 5.0.0 ; ; ; O(1) ; ; Tells how to use CLUSTER.
        cluster|info ; 2 ; 3.0.0 ; ; ; O(1) ; ; Tells the cluster's state.
        cluster|keyslot ; 3 ; 3.0.0 ; ; ; O(N) with N bytes ; key ; Tells the slot of a key.
        cluster|myid ; 2 ; 3.0.0 ; ; ; O(1) ; ; Tells the node's id.
        cluster|nodes ; 2 ; 3.0.0 ; ; ; O(N) with N nodes ; ; Tells the nodes, one per line.
        cluster|replicas ; 3 ; 5.0.0 ; admin ; ; O(N) with N nodes ; node-id ; Tells the nodes that follow a node.
        cluster|shards ; 2 ; 7.0.0 ; ; ; O(N) with N nodes ; ; Tells the one shard and its nodes.
        cluster|slaves ; 3 ; 3.0.0 ; admin ; ; O(N) with N nodes ; node-id ; Tells the nodes that follow a node.
        cluster|slots ; 2 ; 3.0.0 ; ; ; O(N) with N nodes ; ; Tells the one range of slots and its nodes.
        command|count ; 2 ; 2.8.13 ; ; ; O(1) ; ; Counts the commands.
        command|docs ; -2 ; 7.0.0 ; ; ; O(N) with N commands ; [command-name*] ; Tells what commands are for.
        command|getkeys ; -4 ; 2.8.13 ; ; ; O(N) with N words ; ; Tells the keys in a request.
        command|getkeysandflags ; -4 ; 7.0.0 ; ; ; O(N) with N words ; ; \
            Tells the keys in a request and what happens to them.
        command|help ; 2 ; 5.0.0 ; ; ; O(1) ; ; Tells how to use COMMAND.
        command|info ; -2 ; 2.8.13 ; ; ; O(N) with N commands ; [command-name*] ; Tells how commands are called.
        command|list ; -2 ; 7.0.0 ; ; ; O(N) with N commands ; \
            [<filterby=FILTERBY module-name=MODULE category=ACLCAT pattern:p=PATTERN>] ; Tells the commands' names.
        config|get ; -3 ; 2.0.0 ; admin ; ; O(N) with N patterns ; {parameter parameter}* ; Tells settings.
        config|help ; 2 ; 5.0.0 ; ; ; O(1) ; ; Tells how to use CONFIG.
        config|set ; -4 ; 2.0.0 ; admin ; ; O(1) ; {parameter_value parameter value}* ; Sets the few that can be set.
        memory|doctor ; 2 ; 4.0.0 ; ; ; O(1) ; ; Tells what is to be said about memory.
        memory|help ; 2 ; 4.0.0 ; ; ; O(1) ; ; Tells how to use MEMORY.
        memory|malloc-stats ; 2 ; 4.0.0 ; ; ; O(1) ; ; Tells that the allocator has no statistics.
        memory|purge ; 2 ; 4.0.0 ; ; ; O(1) ; ; Does nothing.
        memory|stats ; 2 ; 4.0.0 ; ; ; O(1) ; ; Tells figures of memory.
        memory|usage ; -3 ; 4.0.0 ; readonly ; 2:RO ; O(1) ; key:k [count:i=SAMPLES] ; Tells what a key's record takes.
        object|encoding ; 3 ; 2.2.3 ; readonly ; 2:RO ; O(1) ; key:k ; Tells how a value would be kept by Redis.
        object|freq ; 3 ; 4.0.0 ; readonly ; 2:RO ; O(1) ; key:k ; Says that no use of keys is counted.
        object|help ; 2 ; 6.2.0 ; ; ; O(1) ; ; Tells how to use OBJECT.
        object|idletime ; 3 ; 2.2.3 ; readonly ; 2:RO ; O(1) ; key:k ; Answers 0: no use of keys is noted.
        object|refcount ; 3 ; 2.2.3 ; readonly ; 2:RO ; O(1) ; key:k ; Answers 1: values are not shared.
        pubsub|channels ; -2 ; 2.8.0 ; pubsub ; ; O(N) with N channels ; [pattern:p] ; \
            Tells the channels that have subscribers here.
        pubsub|help ; 2 ; 6.2.0 ; ; ; O(1) ; ; Tells how to use PUBSUB.
        pubsub|numpat ; 2 ; 2.8.0 ; pubsub ; ; O(1) ; ; Counts the patterns that have subscribers here.
        pubsub|numsub ; -2 ; 2.8.0 ; pubsub ; ; O(N) with N channels ; [channel*] ; Counts channels' subscribers here.
        pubsub|shardchannels ; -2 ; 7.0.0 ; pubsub ; ; O(N) with N channels ; [pattern:p] ; \
            Tells the shard channels that have subscribers here.
        pubsub|shardnumsub ; -2 ; 7.0.0 ; pubsub ; ; O(N) with N channels ; [shardchannel*] ; \
            Counts shard channels' subscribers here.
        sentinel|ckquorum ; 3 ; 2.8.4 ; admin ; ; O(N) with N nodes ; master-name ; \
            Tells whether a majority can be reached.
        sentinel|get-master-addr-by-name ; 3 ; 2.8.4 ; admin ; ; O(1) ; master-name ; Tells where the leader is.
        sentinel|help ; 2 ; 6.2.0 ; ; ; O(1) ; ; Tells how to use SENTINEL.
        sentinel|is-master-down-by-addr ; 6 ; 2.8.4 ; admin ; ; O(1) ; ip port:i current-epoch:i runid ; \
            Tells whether the node at an address leads no more.
        sentinel|master ; 3 ; 2.8.4 ; admin ; ; O(1) ; master-name ; Tells about the leader.
        sentinel|masters ; 2 ; 2.8.4 ; admin ; ; O(1) ; ; Tells about the one leader, as a list.
        sentinel|myid ; 2 ; 6.2.0 ; admin ; ; O(1) ; ; Tells the node's id.
        sentinel|replicas ; 3 ; 5.0.0 ; admin ; ; O(N) with N nodes ; master-name ; Tells about the followers.
        sentinel|sentinels ; 3 ; 2.8.4 ; admin ; ; O(N) with N nodes ; master-name ; Tells about the other nodes.
        sentinel|slaves ; 3 ; 2.8.0 ; admin ; ; O(N) with N nodes ; master-name ; Tells about the followers.
        """
}
