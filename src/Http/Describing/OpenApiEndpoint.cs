using Events.Http.Answers;
using Events.Http.Auth;

namespace Events.Http.Describing;

public static class OpenApiEndpoint
{
    public static void MapOpenApiDocument(this IEndpointRouteBuilder app) => app
        .MapGet("/openapi/v1.json", static async http =>
        {
            var document = http.RequestServices.GetRequiredService<OpenApiDocument>().Bytes;
            http.Response.ContentType = "application/json";
            http.Response.ContentLength = document.Length;
            await http.Response.BodyWriter.WriteAsync(document);
        })
        .WithReadConventions()
        .AllowAnybody("The description of the API holds no data of anybody.");
}
