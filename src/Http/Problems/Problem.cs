using Events.Commands.Deciding;

namespace Events.Http.Problems;

/// <summary>Why a request is refused, as RFC 9457 says it.</summary>
/// <param name="Code">Stable, snake_case; the tail of the problem's <c>type</c>.</param>
/// <param name="Detail">One sentence for people; holds no secret.</param>
public sealed record Problem(int Status, string Code, string Detail)
{
    public IReadOnlyList<FieldError> Errors { get; init; } = [];

    /// <summary>Overrides the type that follows from the code, where a registry has one.</summary>
    public string? Type { get; init; }

    /// <summary>Seconds.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>One member is at fault.</summary>
    public static Problem OfField(int status, string code, string detail, string pointer, string? fieldCode = null) =>
        new(status, code, detail) { Errors = [new FieldError(pointer, fieldCode ?? code, detail)] };

    /// <summary>A query parameter is at fault; it has no JSON pointer, so its name is given as <c>?name</c>.</summary>
    public static Problem OfParameter(string name, string code, string detail) => OfField(400, "invalid_parameter", detail, $"?{name}", code);

    public static Problem Invalid(IReadOnlyList<FieldError> errors) =>
        new(400, "invalid_request", errors.Count == 1 ? errors[0].Detail : $"{errors.Count} members are not as they must be.") { Errors = errors };

    public static Problem NotFound(string detail) => new(404, "not_found", detail);
}
