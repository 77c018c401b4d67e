/* One connection's load by hiredis, which knows nothing of failovers: it goes to the next node when one is lost. Every
   node takes every command. What it is to do and what it prints is in README.md. */

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char hosts[8][64];
static int ports[8];
static int nodes, node;
static redisContext *context;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void rest(void) {
    struct timespec time = {0, 10 * 1000 * 1000};
    nanosleep(&time, NULL);
}

static void drop(void) {
    if (context) redisFree(context);
    context = NULL;
    node = (node + 1) % nodes;
}

/* Whether there is a connection that has logged in. */
static int have_connection(void) {
    if (context) return 1;
    struct timeval patience = {2, 0}, longest = {5, 0};
    context = redisConnectWithTimeout(hosts[node], ports[node], patience);
    if (context && !context->err && redisSetTimeout(context, longest) == REDIS_OK) {
        redisReply *reply = redisCommand(context, "AUTH %s", getenv("TOKEN"));
        int is_in = reply && reply->type == REDIS_REPLY_STATUS;
        if (reply) freeReplyObject(reply);
        if (is_in) return 1;
    }
    drop();
    return 0;
}

/* Words that promise that a request had no effect. */
static int is_definite(const char *error) {
    static const char *words[] = {"TRYAGAIN", "CLUSTERDOWN", "READONLY", "LOADING", "MAINTENANCE", "OOM", "NOSPACE"};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (!strncmp(error, words[k], strlen(words[k]))) return 1;
    return 0;
}

/* The reply, or NULL and in `outcome` what is known of the fate. */
static redisReply *attempt(int count, const char **words, const char **outcome) {
    *outcome = "refused connection";
    if (have_connection()) {
        redisReply *reply = redisCommandArgv(context, count, words, NULL);
        *outcome = "ok";
        if (reply && reply->type != REDIS_REPLY_ERROR) return reply;
        *outcome = reply && is_definite(reply->str) ? "refused" : "unknown";
        if (reply) freeReplyObject(reply);
        else drop();
    }
    rest();
    return NULL;
}

int main(void) {
    char *list = strdup(getenv("NODES"));
    for (char *word = strtok(list, " "); word && nodes < 8; word = strtok(NULL, " "))
        if (sscanf(word, "%63[^:]:%d", hosts[nodes], &ports[nodes]) == 2) nodes++;
    const char *prefix = getenv("PREFIX");
    const double end = now() + atof(getenv("SECONDS")), last = end + 20;
    long long number = 0;
    const char *outcome;
    while (now() < end) {
        char key[128], value[128], counter[128], digits[32];
        number++;
        snprintf(key, sizeof key, "%s:%lld", prefix, number);
        snprintf(value, sizeof value, "value %lld of %s", number, prefix);
        snprintf(counter, sizeof counter, "%s:count", prefix);
        snprintf(digits, sizeof digits, "%lld", number);
        redisReply *reply = attempt(3, (const char *[]){"SET", key, value}, &outcome);
        printf("SET %lld %s\n", number, outcome);
        if (reply) {
            freeReplyObject(reply);
            reply = attempt(2, (const char *[]){"GET", key}, &outcome);
            int is_wrong = reply && (reply->type != REDIS_REPLY_STRING || strcmp(reply->str, value));
            printf("GET %lld %s\n", number, is_wrong ? "wrong" : outcome);
            if (reply) freeReplyObject(reply);
        }
        while (now() < last) {
            reply = attempt(5, (const char *[]){"ONCE", prefix, digits, "INCR", counter}, &outcome);
            int is_wrong = reply && (reply->type != REDIS_REPLY_INTEGER || reply->integer != number);
            printf("ONCE %lld %s\n", number, is_wrong ? "wrong" : outcome);
            if (!reply) continue;
            freeReplyObject(reply);
            break;
        }
    }
    printf("END %lld\n", number);
    return 0;
}
