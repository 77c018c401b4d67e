// Notes on the commands that a session answers: name; rules of keys; what it costs; arguments.

extension CommandNotes {
    static let session = """
        acl ;  ;  ;
        asking ;  ; O(1) ;
        auth ;  ; O(1) ; [username] password
        changes ;  ;  ;
        client ;  ;  ;
        cluster ;  ;  ;
        command ;  ; O(N) with N commands told of ;
        config ;  ;  ;
        discard ;  ; O(1) ;
        echo ;  ; O(1) ; message
        exec ;  ; O(N) with N commands ;
        hello ;  ; O(1) ; [{arguments protover:i [{username_password=AUTH username password}] \
            [clientname=SETNAME]}]
        ifversion ; 1:RO ; O(1) ; key:k version:i command [arg*]
        info ;  ; O(N) with N sections ; [section*]
        memory ;  ;  ;
        multi ;  ; O(1) ;
        once ;  ; O(1) ; client number:i command [arg*]
        ping ;  ; O(1) ; [message]
        psubscribe ;  ; O(N) with N names ; {pattern pattern:p}*
        publish ;  ; O(N+M) with N receivers and M patterns ; channel message
        pubsub ;  ;  ;
        punsubscribe ;  ; O(N) with N names ; [pattern:p*]
        quit ;  ; O(1) ;
        readonly ;  ; O(1) ;
        readwrite ;  ; O(1) ;
        reset ;  ; O(1) ;
        role ;  ; O(1) ;
        select ;  ; O(1) ; index:i
        sentinel ;  ; O(1) ;
        spublish ; 1:not_key ; O(N) with N receivers ; shardchannel message
        ssubscribe ; 1-last:not_key ; O(N) with N names ; shardchannel*
        subscribe ;  ; O(N) with N names ; channel*
        sunsubscribe ; 1-last:not_key ; O(N) with N names ; [shardchannel*]
        time ;  ; O(1) ;
        unsubscribe ;  ; O(N) with N names ; [channel*]
        unwatch ;  ; O(1) ;
        wait ;  ; O(1) ; numreplicas:i timeout:i
        waitaof ;  ; O(1) ; numlocal:i numreplicas:i timeout:i
        watch ; 1-last:RO ; O(N) with N keys ; key:k*
        """
}
