using System.Reflection;
using Events.Http.Answers;
using Events.Http.Auth;

namespace Events.Http.Reference;

/// <summary>The browsable API reference at <c>/</c>: one static page that draws <c>/openapi/v1.json</c>.</summary>
internal static class ReferencePage
{
    private const string Public = "The reference tells what the public document tells.";

    private static readonly byte[] Html = Read("index.html");
    private static readonly byte[] Script = Read("reference.js");
    private static readonly byte[] Style = Read("reference.css");

    public static IEndpointRouteBuilder MapReferencePage(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", () => TypedResults.Bytes(Html, "text/html; charset=utf-8")).ExcludeFromDescription().WithReadConventions().AllowAnybody(Public);
        routes.MapGet("/reference.js", () => TypedResults.Bytes(Script, "text/javascript; charset=utf-8")).ExcludeFromDescription().WithReadConventions().AllowAnybody(Public);
        routes.MapGet("/reference.css", () => TypedResults.Bytes(Style, "text/css; charset=utf-8")).ExcludeFromDescription().WithReadConventions().AllowAnybody(Public);
        return routes;
    }

    private static byte[] Read(string name)
    {
        using var resource = Assembly.GetExecutingAssembly().GetManifestResourceStream($"Events.Http.Reference.{name}")
            ?? throw new InvalidOperationException($"The page {name} is not embedded.");
        using var bytes = new MemoryStream();
        resource.CopyTo(bytes);
        return bytes.ToArray();
    }
}
