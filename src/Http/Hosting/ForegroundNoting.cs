using Events.Platform.Pacing;

namespace Events.Http.Hosting;

/// <summary>Tells long work that somebody waits for an answer. Looking after jobs and operations is not work that they should give way to.</summary>
public static class ForegroundNoting
{
    private static readonly PathString Api = "/api/v1";
    private static readonly PathString Jobs = "/api/v1/jobs";
    private static readonly PathString Operations = "/api/v1/operations";

    public static void UseForeground(this IApplicationBuilder app)
    {
        var foreground = app.ApplicationServices.GetRequiredService<ForegroundLoad>();
        app.Use(next => http =>
        {
            if (http.Request.Path is var path && path.StartsWithSegments(Api) && !path.StartsWithSegments(Jobs) && !path.StartsWithSegments(Operations))
                foreground.Note();
            return next(http);
        });
    }
}
