using Events.Commands.Deciding;
using Events.Http.Bodies;
using Events.Http.Problems;
using Events.Platform.Tenancy;

namespace Events.Http.Operations;

/// <summary>Bodies of what operators ask, who name a workspace that is not their own.</summary>
internal static class OperationBodies
{
    /// <summary>null: the request was answered with what is wrong.</summary>
    public static async ValueTask<T?> ReadAsync<T>(HttpContext http, BodyShape<T> shape, Func<T, FieldError?> wrong)
        where T : class, new()
    {
        var (body, problem) = await RequestBody.ReadAsync(http);
        using (body)
        {
            var request = body?.Bind(shape, out problem);
            if (problem is null && wrong(request!) is { } error)
                problem = Problem.Invalid([error]);
            if (problem is null)
                return request;
            await http.Response.WriteAsync(problem);
            return null;
        }
    }

    public static TenantId? TenantOf(string? text) =>
        text is { Length: <= TenantId.MaxLength } && !string.IsNullOrWhiteSpace(text) && !text.Any(char.IsControl) && WellFormedText.Is(text) ? new TenantId(text) : null;
}
