using Events.Http.Describing;
using Events.Http.Lists;
using Microsoft.AspNetCore.Http.Timeouts;

namespace Events.Http.Answers;

/// <summary>
/// What everything that can be read does besides: <c>HEAD</c> answers as <c>GET</c> without the body, <c>fields=</c> leaves members out. And
/// what takes no parameters, read or changed, refuses all: nobody's <c>?dryRun=true</c> is passed over.
/// </summary>
internal static class ReadConventions
{
    public static TBuilder WithReadConventions<TBuilder>(this TBuilder endpoints)
        where TBuilder : IEndpointConventionBuilder
    {
        endpoints.Finally(static endpoint =>
        {
            if (endpoint.RequestDelegate is { } strict && endpoint.Metadata.OfType<Operation>().LastOrDefault() is { Query.Count: 0 })
                endpoint.RequestDelegate = http => http.Request.QueryString.HasValue ? WithoutParametersAsync(http, strict) : strict(http);
            if (!endpoint.Metadata.OfType<IHttpMethodMetadata>().Any(m => m.HttpMethods is ["GET"]) || endpoint.Metadata.OfType<DisableRequestTimeoutAttribute>().Any())
                return;
            endpoint.Metadata.Add(new HttpMethodMetadata(["GET", "HEAD"]));
            if (endpoint.RequestDelegate is { } answer && endpoint.Metadata.OfType<Operation>().LastOrDefault() is { } operation)
                endpoint.RequestDelegate = SparseAnswers.Wrap(answer, operation);
        });
        return endpoints;
    }

    private static async Task WithoutParametersAsync(HttpContext http, RequestDelegate answer)
    {
        if (!await http.RefusedAsync(QueryParameters.Read(http.Request)))
            await answer(http);
    }
}
