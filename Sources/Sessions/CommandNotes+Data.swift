// Notes on the commands of the keyspace: name; rules of keys; what it costs; arguments.

extension CommandNotes {
    static let data = """
        append ; 1:RW.insert ; O(1) ; key:k value
        bitcount ; 1:RO.access ; O(N) with N bytes ; key:k [{index start:i end:i [<index_unit byte!BYTE \
            bit!BIT>]}]
        bitop ; 2:OW.update 3-last:RO.access ; O(N) with N bytes of the longest string ; operation destkey:k \
            key:k*
        bitpos ; 1:RO.access ; O(N) with N bytes ; key:k bit:i [{index start:i [{end_index end:i [<index_unit \
            byte!BYTE bit!BIT>]}]}]
        blmove ; 1:RW.access.delete 2:RW.insert ; O(log(N)) with N elements of the longer list ; source:k \
            destination:k <wherefrom left!LEFT right!RIGHT> <whereto left!LEFT right!RIGHT> timeout:d
        blmpop ; #2:RW.access.delete ; O(K+M*log(N)) with K keys, M elements taken and N in the list ; timeout:d \
            numkeys:i key:k* <where left!LEFT right!RIGHT> [count:i=COUNT]
        blpop ; 1-last-1:RW.access.delete ; O(K+log(N)) with K keys and N elements ; key:k* timeout:d
        brpop ; 1-last-1:RW.access.delete ; O(K+log(N)) with K keys and N elements ; key:k* timeout:d
        brpoplpush ; 1:RW.access.delete 2:RW.insert ; O(log(N)) with N elements of the longer list ; source:k \
            destination:k timeout:d
        bzmpop ; #2:RW.access.delete ; O(K+M*log(N)) with K keys, M members taken and N in the set ; timeout:d \
            numkeys:i key:k* <where min!MIN max!MAX> [count:i=COUNT]
        bzpopmax ; 1-last-1:RW.access.delete ; O(K+log(N)) with K keys and N members ; key:k* timeout:d
        bzpopmin ; 1-last-1:RW.access.delete ; O(K+log(N)) with K keys and N members ; key:k* timeout:d
        copy ; 1:RO.access 2:OW.update ; O(1): what is large is shared until it is changed ; source:k \
            destination:k [destination-db:i=DB] [replace!REPLACE]
        dbsize ;  ; O(1) ;
        decr ; 1:RW.access.update ; O(1) ; key:k
        decrby ; 1:RW.access.update ; O(1) ; key:k decrement:i
        del ; 1-last:RM.delete ; O(N) with N keys ; key:k*
        dump ; 1:RO.access ; O(N) with N bytes of the value ; key:k
        exists ; 1-last:RO ; O(N) with N keys ; key:k*
        expire ; 1:RW.update ; O(1) ; key:k seconds:i [<condition nx!NX xx!XX gt!GT lt!LT>]
        expireat ; 1:RW.update ; O(1) ; key:k unix-time-seconds:t [<condition nx!NX xx!XX gt!GT lt!LT>]
        expiretime ; 1:RO.access ; O(1) ; key:k
        flushall ;  ; O(1): memory is freed later ; [<async async!ASYNC sync!SYNC>]
        flushdb ;  ; O(1): memory is freed later ; [<async async!ASYNC sync!SYNC>]
        get ; 1:RO.access ; O(1) ; key:k
        getbit ; 1:RO.access ; O(1) ; key:k offset:i
        getdel ; 1:RW.access.delete ; O(1) ; key:k
        getex ; 1:RW.access.update ; O(1) ; key:k [<expiration seconds:i=EX milliseconds:i=PX \
            unix-time-seconds:t=EXAT unix-time-milliseconds:t=PXAT persist!PERSIST>]
        getrange ; 1:RO.access ; O(N) with N bytes ; key:k start:i end:i
        getset ; 1:RW.access.update ; O(1) ; key:k value
        hdel ; 1:RW.delete ; O(M*log(N)) with M fields asked for and N in the hash ; key:k field*
        hexists ; 1:RO ; O(log(N)) with N fields ; key:k field
        hget ; 1:RO.access ; O(log(N)) with N fields ; key:k field
        hgetall ; 1:RO.access ; O(N) with N fields ; key:k
        hincrby ; 1:RW.access.update ; O(log(N)) with N fields ; key:k field increment:i
        hincrbyfloat ; 1:RW.access.update ; O(log(N)) with N fields ; key:k field increment:d
        hkeys ; 1:RO.access ; O(N) with N fields ; key:k
        hlen ; 1:RO ; O(1) ; key:k
        hmget ; 1:RO.access ; O(M*log(N)) with M fields asked for and N in the hash ; key:k field*
        hmset ; 1:RW.update ; O(M*log(N)) with M fields asked for and N in the hash ; key:k {field_value field \
            value}*
        hrandfield ; 1:RO.access ; O(M*log(N)) with M fields returned and N in the hash ; key:k [{options count:i \
            [withvalues!WITHVALUES]}]
        hscan ; 1:RO.access ; O(N) with N elements looked at ; key:k cursor:i [pattern:p=MATCH] [count:i=COUNT]
        hset ; 1:RW.update ; O(M*log(N)) with M fields asked for and N in the hash ; key:k {field_value field \
            value}*
        hsetnx ; 1:RW.insert ; O(log(N)) with N fields ; key:k field value
        hstrlen ; 1:RO ; O(log(N)) with N fields ; key:k field
        hvals ; 1:RO.access ; O(N) with N fields ; key:k
        incr ; 1:RW.access.update ; O(1) ; key:k
        incrby ; 1:RW.access.update ; O(1) ; key:k increment:i
        incrbyfloat ; 1:RW.access.update ; O(1) ; key:k increment:d
        index.create ;  ; O(1), and the records are walked in the background ; name {type on!ON hash!HASH} \
            [prefix=PREFIX] {indexed field=FIELD [<form=TYPE text!TEXT number!NUMBER>]}*
        index.drop ;  ; O(1), and the memory is freed by and by ; name
        index.info ;  ; O(1) ; name
        index.list ;  ; O(N) with N indexes ;
        index.query ;  ; O(log(N)+M) with M records looked at and N in the index ; name \
            [<predicate {equality=EQ field value} {range=RANGE field min max}>*] \
            [{order=ORDER field=BY [<direction asc!ASC desc!DESC>]}] [limit:i=LIMIT] [cursor=CURSOR] \
            [{fields=FIELDS count:i field*}]
        keys ;  ; O(N) with N keys in the database ; pattern:p
        lcs ; 1-2:RO.access ; O(N*M) with N and M bytes ; key1:k key2:k [len!LEN] [idx!IDX] [len:i=MINMATCHLEN] \
            [withmatchlen!WITHMATCHLEN]
        lindex ; 1:RO.access ; O(log(N)) with N elements ; key:k index:i
        linsert ; 1:RW.insert ; O(N) with N elements ; key:k <where before!BEFORE after!AFTER> pivot element
        llen ; 1:RO ; O(1) ; key:k
        lmove ; 1:RW.access.delete 2:RW.insert ; O(log(N)) with N elements of the longer list ; source:k \
            destination:k <wherefrom left!LEFT right!RIGHT> <whereto left!LEFT right!RIGHT>
        lmpop ; #1:RW.access.delete ; O(K+M*log(N)) with K keys, M elements taken and N in the list ; numkeys:i \
            key:k* <where left!LEFT right!RIGHT> [count:i=COUNT]
        lpop ; 1:RW.access.delete ; O(M*log(N)) with M elements put or taken and N in the list ; key:k [count:i]
        lpos ; 1:RO.access ; O(N) with N elements ; key:k element [rank:i=RANK] [num-matches:i=COUNT] \
            [len:i=MAXLEN]
        lpush ; 1:RW.insert ; O(M*log(N)) with M elements put or taken and N in the list ; key:k element*
        lpushx ; 1:RW.insert ; O(M*log(N)) with M elements put or taken and N in the list ; key:k element*
        lrange ; 1:RO.access ; O(log(N)+M) with M elements returned or removed and N in the list ; key:k start:i \
            stop:i
        lrem ; 1:RW.delete ; O(N) with N elements ; key:k count:i element
        lset ; 1:RW.update ; O(log(N)) with N elements ; key:k index:i element
        ltrim ; 1:RW.delete ; O(log(N)+M) with M elements returned or removed and N in the list ; key:k start:i \
            stop:i
        mget ; 1-last:RO.access ; O(N) with N keys ; key:k*
        mset ; 1-last/2:OW.update ; O(N) with N keys ; {key_value key:k value}*
        msetnx ; 1-last/2:OW.insert ; O(N) with N keys ; {key_value key:k value}*
        object ;  ; O(1) ;
        persist ; 1:RW.update ; O(1) ; key:k
        pexpire ; 1:RW.update ; O(1) ; key:k milliseconds:i [<condition nx!NX xx!XX gt!GT lt!LT>]
        pexpireat ; 1:RW.update ; O(1) ; key:k unix-time-milliseconds:t [<condition nx!NX xx!XX gt!GT lt!LT>]
        pexpiretime ; 1:RO.access ; O(1) ; key:k
        psetex ; 1:OW.update ; O(1) ; key:k milliseconds:i value
        pttl ; 1:RO.access ; O(1) ; key:k
        randomkey ;  ; O(log(N)) with N keys ;
        rename ; 1:RW.access.delete 2:OW.update ; O(1) ; key:k newkey:k
        renamenx ; 1:RW.access.delete 2:OW.insert ; O(1) ; key:k newkey:k
        restore ; 1:OW.update ; O(N) with N bytes of the value ; key:k ttl:i serialized-value [replace!REPLACE] \
            [absttl!ABSTTL] [seconds:i=IDLETIME] [frequency:i=FREQ]
        rpop ; 1:RW.access.delete ; O(M*log(N)) with M elements put or taken and N in the list ; key:k [count:i]
        rpoplpush ; 1:RW.access.delete 2:RW.insert ; O(log(N)) with N elements of the longer list ; source:k \
            destination:k
        rpush ; 1:RW.insert ; O(M*log(N)) with M elements put or taken and N in the list ; key:k element*
        rpushx ; 1:RW.insert ; O(M*log(N)) with M elements put or taken and N in the list ; key:k element*
        sadd ; 1:RW.insert ; O(M*log(N)) with M members named and N in the set ; key:k member*
        scan ;  ; O(N) with N elements looked at ; cursor:i [pattern:p=MATCH] [count:i=COUNT] [type=TYPE]
        scard ; 1:RO ; O(1) ; key:k
        sdiff ; 1-last:RO.access ; O(S*log(N)) with S members of all sets together and N in the result ; key:k*
        sdiffstore ; 1:OW.update 2-last:RO.access ; O(S*log(N)) with S members of all sets together and N in the \
            result ; destination:k key:k*
        set ; 1:RW.access.update.variable_flags ; O(1) ; key:k value [<condition nx!NX xx!XX>] [get!GET] \
            [<expiration seconds:i=EX milliseconds:i=PX unix-time-seconds:t=EXAT unix-time-milliseconds:t=PXAT \
            keepttl!KEEPTTL>]
        setbit ; 1:RW.access.update ; O(1) ; key:k offset:i value:i
        setex ; 1:OW.update ; O(1) ; key:k seconds:i value
        setnx ; 1:OW.insert ; O(1) ; key:k value
        setrange ; 1:RW.update ; O(N) with N bytes ; key:k offset:i value
        sinter ; 1-last:RO.access ; O(S*K*log(N)) with S members of the smallest of K sets and N of the largest ; \
            key:k*
        sintercard ; #1:RO.access ; O(S*K*log(N)) with S members of the smallest of K sets and N of the largest ; \
            numkeys:i key:k* [limit:i=LIMIT]
        sinterstore ; 1:RW.update 2-last:RO.access ; O(S*K*log(N)) with S members of the smallest of K sets and N \
            of the largest ; destination:k key:k*
        sismember ; 1:RO ; O(log(N)) with N members ; key:k member
        smembers ; 1:RO.access ; O(N) with N members ; key:k
        smismember ; 1:RO.access ; O(M*log(N)) with M members named and N in the set ; key:k member*
        smove ; 1:RW.access.delete 2:RW.insert ; O(log(N)) with N members ; source:k destination:k member
        spop ; 1:RW.access.delete ; O(M*log(N)) with M members returned and N in the set ; key:k [count:i]
        srandmember ; 1:RO.access ; O(M*log(N)) with M members returned and N in the set ; key:k [count:i]
        srem ; 1:RW.delete ; O(M*log(N)) with M members named and N in the set ; key:k member*
        sscan ; 1:RO.access ; O(N) with N elements looked at ; key:k cursor:i [pattern:p=MATCH] [count:i=COUNT]
        strlen ; 1:RO ; O(1) ; key:k
        substr ; 1:RO.access ; O(N) with N bytes ; key:k start:i end:i
        sunion ; 1-last:RO.access ; O(S*log(N)) with S members of all sets together and N in the result ; key:k*
        sunionstore ; 1:OW.update 2-last:RO.access ; O(S*log(N)) with S members of all sets together and N in the \
            result ; destination:k key:k*
        touch ; 1-last:RO ; O(N) with N keys ; key:k*
        ttl ; 1:RO.access ; O(1) ; key:k
        type ; 1:RO ; O(1) ; key:k
        unlink ; 1-last:RM.delete ; O(N) with N keys ; key:k*
        version ; 1-last:RO ; O(N) with N keys ; key:k*
        zadd ; 1:RW.update ; O(M*log(N)) with M members named and N in the set ; key:k [<condition nx!NX xx!XX>] \
            [<comparison gt!GT lt!LT>] [change!CH] [increment!INCR] {score_member score:d member}*
        zcard ; 1:RO ; O(1) ; key:k
        zcount ; 1:RO.access ; O(log(N)) with N members ; key:k min:d max:d
        zdiff ; #1:RO.access ; O(S*log(N)) with S members of all sets together and N in the result ; numkeys:i \
            key:k* [withscores!WITHSCORES]
        zdiffstore ; 1:OW.update #2:RO.access ; O(S*log(N)) with S members of all sets together and N in the \
            result ; destination:k numkeys:i key:k*
        zincrby ; 1:RW.access.update ; O(log(N)) with N members ; key:k increment:i member
        zinter ; #1:RO.access ; O(S*K*log(N)) with S members of the smallest of K sets and N of the largest ; \
            numkeys:i key:k* [weight:i=WEIGHTS*] [<aggregate=AGGREGATE sum!SUM min!MIN max!MAX>] \
            [withscores!WITHSCORES]
        zintercard ; #1:RO.access ; O(S*K*log(N)) with S members of the smallest of K sets and N of the largest ; \
            numkeys:i key:k* [limit:i=LIMIT]
        zinterstore ; 1:OW.update #2:RO.access ; O(S*K*log(N)) with S members of the smallest of K sets and N of \
            the largest ; destination:k numkeys:i key:k* [weight:i=WEIGHTS*] [<aggregate=AGGREGATE sum!SUM min!MIN \
            max!MAX>]
        zlexcount ; 1:RO.access ; O(log(N)) with N members ; key:k min max
        zmpop ; #1:RW.access.delete ; O(K+M*log(N)) with K keys, M members taken and N in the set ; numkeys:i \
            key:k* <where min!MIN max!MAX> [count:i=COUNT]
        zmscore ; 1:RO.access ; O(M*log(N)) with M members named and N in the set ; key:k member*
        zpopmax ; 1:RW.access.delete ; O(M*log(N)) with M members returned and N in the set ; key:k [count:i]
        zpopmin ; 1:RW.access.delete ; O(M*log(N)) with M members returned and N in the set ; key:k [count:i]
        zrandmember ; 1:RO.access ; O(M*log(N)) with M members returned and N in the set ; key:k [{options \
            count:i [withscores!WITHSCORES]}]
        zrange ; 1:RO.access ; O(log(N)+M) with M members returned and N in the set ; key:k start stop [<sortby \
            byscore!BYSCORE bylex!BYLEX>] [rev!REV] [{offset_count=LIMIT offset:i count:i}] [withscores!WITHSCORES]
        zrangebylex ; 1:RO.access ; O(log(N)+M) with M members returned and N in the set ; key:k min max \
            [{offset_count=LIMIT offset:i count:i}]
        zrangebyscore ; 1:RO.access ; O(log(N)+M) with M members returned and N in the set ; key:k min:d max:d \
            [withscores!WITHSCORES] [{offset_count=LIMIT offset:i count:i}]
        zrangestore ; 1:OW.update 2:RO.access ; O(log(N)+M*log(M)) with M members stored and N in the set ; dst:k \
            src:k min max [<sortby byscore!BYSCORE bylex!BYLEX>] [rev!REV] [{offset_count=LIMIT offset:i count:i}]
        zrank ; 1:RO.access ; O(log(N)) with N members ; key:k member
        zrem ; 1:RW.delete ; O(M*log(N)) with M members named and N in the set ; key:k member*
        zremrangebylex ; 1:RW.delete ; O(log(N)+M) with M members removed and N in the set ; key:k min max
        zremrangebyrank ; 1:RW.delete ; O(log(N)+M) with M members removed and N in the set ; key:k start:i stop:i
        zremrangebyscore ; 1:RW.delete ; O(log(N)+M) with M members removed and N in the set ; key:k min:d max:d
        zrevrange ; 1:RO.access ; O(log(N)+M) with M members returned and N in the set ; key:k start:i stop:i \
            [withscores!WITHSCORES]
        zrevrangebylex ; 1:RO.access ; O(log(N)+M) with M members returned and N in the set ; key:k max min \
            [{offset_count=LIMIT offset:i count:i}]
        zrevrangebyscore ; 1:RO.access ; O(log(N)+M) with M members returned and N in the set ; key:k max:d min:d \
            [withscores!WITHSCORES] [{offset_count=LIMIT offset:i count:i}]
        zrevrank ; 1:RO.access ; O(log(N)) with N members ; key:k member
        zscan ; 1:RO.access ; O(N) with N elements looked at ; key:k cursor:i [pattern:p=MATCH] [count:i=COUNT]
        zscore ; 1:RO.access ; O(log(N)) with N members ; key:k member
        zunion ; #1:RO.access ; O(S*log(N)) with S members of all sets together and N in the result ; numkeys:i \
            key:k* [weight:i=WEIGHTS*] [<aggregate=AGGREGATE sum!SUM min!MIN max!MAX>] [withscores!WITHSCORES]
        zunionstore ; 1:OW.update #2:RO.access ; O(S*log(N)) with S members of all sets together and N in the \
            result ; destination:k numkeys:i key:k* [weight:i=WEIGHTS*] [<aggregate=AGGREGATE sum!SUM min!MIN \
            max!MAX>]
        """
}
