#pragma once
/// HTTP for the rest of the hub: requests, responses, routes as data, files with ranges, the server
/// and its metrics. This is the facade; nothing above includes Beast.
#include "platform/http/headers.h"
#include "platform/http/metrics.h"
#include "platform/http/request.h"
#include "platform/http/response.h"
#include "platform/http/router.h"
#include "platform/http/serve.h"
#include "platform/http/server.h"
