using Events.Http.Describing;
using Events.Http.Lists;
using Microsoft.AspNetCore.Http.Timeouts;

namespace Events.Http.Answers;

/// <summary>What everything that can be read does besides: <c>HEAD</c> answers as <c>GET</c> without the body, <c>fields=</c> leaves members out.</summary>
internal static class ReadConventions
{
    public static TBuilder WithReadConventions<TBuilder>(this TBuilder endpoints)
        where TBuilder : IEndpointConventionBuilder
    {
        endpoints.Finally(static endpoint =>
        {
            if (!endpoint.Metadata.OfType<IHttpMethodMetadata>().Any(m => m.HttpMethods is ["GET"]) || endpoint.Metadata.OfType<DisableRequestTimeoutAttribute>().Any())
                return;
            endpoint.Metadata.Add(new HttpMethodMetadata(["GET", "HEAD"]));
            if (endpoint.RequestDelegate is { } answer && endpoint.Metadata.OfType<Operation>().LastOrDefault() is { } operation)
                endpoint.RequestDelegate = SparseAnswers.Wrap(answer, operation);
        });
        return endpoints;
    }
}
