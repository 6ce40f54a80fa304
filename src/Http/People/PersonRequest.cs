using Events.Commands.Deciding;
using Events.Commands.People;
using Events.Http.Answers;
using Events.Http.Bodies;
using Events.Http.Problems;

namespace Events.Http.People;

/// <summary>What requests about people, rather than about a workspace, have in common.</summary>
internal static class PersonRequest
{
    private const int MaxBody = 16 << 10;

    /// <summary>The body; null when the problem was answered already.</summary>
    public static async Task<T?> BindAsync<T>(this HttpContext http, BodyShape<T> shape)
        where T : class, new()
    {
        var (body, problem) = await RequestBody.ReadAsync(http, MaxBody);
        using (body)
        {
            var bound = body?.Bind(shape, out problem);
            if (problem is null)
                return bound;
        }
        await http.Response.WriteAsync(problem);
        return null;
    }

    /// <summary>Null when it is none, with the problem to answer.</summary>
    public static EmailAddress? ParseEmail(string text, out Problem? problem)
    {
        problem = null;
        if (EmailAddress.TryParse(text, out var email))
            return email;
        problem = Problem.OfField(400, "invalid_request", $"It must be an e-mail address of at most {EmailAddress.MaxLength} characters.", "/email", "malformed_email");
        return null;
    }

    public static Problem? Weak(string password, EmailAddress? email, string pointer) =>
        PasswordRules.Check(password, email, pointer) is { } refused ? Of(refused) : null;

    public static Problem Of(Decision.Refused refused) => refused.Pointer is { } pointer
        ? Problem.OfField(Refusals.StatusOf(refused.Code), refused.Code, refused.Detail, pointer)
        : new(Refusals.StatusOf(refused.Code), refused.Code, refused.Detail);

    public static Task WriteJsonAsync<T>(this HttpContext http, int status, T value, Action<System.Text.Json.Utf8JsonWriter, T> write)
    {
        var json = JsonBytes.Render(value, write);
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = json.Length;
        // Credentials and what they say of people are nobody's to keep.
        http.Response.Headers.CacheControl = "no-store";
        return http.Response.Body.WriteAsync(json).AsTask();
    }

    public static Problem BadLink { get; } = new(422, "link_not_valid", "The link was used already, has expired or was never made.");

    public static Problem Busy { get; } = new(503, "busy", "Too many passwords wait to be checked: try again.") { RetryAfter = 1 };
}
