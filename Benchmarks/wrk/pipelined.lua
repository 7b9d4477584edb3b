-- Sixteen requests at once, with the fields that wrk was given.
function init()
   local one = wrk.format()
   requests = string.rep(one, 16)
end

function request()
   return requests
end
