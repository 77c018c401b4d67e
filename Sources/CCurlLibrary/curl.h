// libcurl as Debian ships it: HTTP and HTTPS to stores of objects.
#include <curl/curl.h>
