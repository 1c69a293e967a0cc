"""Update rules: one parameter, its gradient, its state, the hyper-parameters; in the order of the papers' equations.

    x       the parameter        t      the step, counted from 1
    g       its gradient         total  a sum over all elements of all leaves, leaf_total over those of one
    matrix  whether the leaf has two axes, of which `rows` is the first extent

Each function is read, not run: `fusion` makes a loop over arrays of it. `optimizers` has a row for each.
"""

from numpy import abs, max, min, sign, sqrt

leaf_total = orthogonalize = rescale = None  # names of the language of rules


def sgd(x, g, velocity, t, learning_rate, momentum, dampening, nesterov):
    if momentum:
        velocity = momentum * velocity + (1.0 if t == 1 else 1.0 - dampening) * g
        if nesterov:
            g = g + momentum * velocity
        else:
            g = velocity
    return x - learning_rate * g, velocity


def nesterov(x, g, velocity, ahead, learning_rate, momentum):
    # x is ahead by -learning_rate * momentum * velocity, so that what is left of the step is that along g
    velocity = momentum * velocity + g
    ahead = 0.0
    return x - learning_rate * g, velocity, ahead


def nesterov_turn(x, velocity, ahead, learning_rate, momentum):
    ahead = 1.0 - ahead
    return x + (1.0 - 2.0 * ahead) * learning_rate * momentum * velocity, velocity, ahead


def ema_momentum(x, g, velocity, learning_rate, beta, nesterov):
    velocity = beta * velocity + (1.0 - beta) * g
    if nesterov:
        g = beta * velocity + (1.0 - beta) * g
    else:
        g = velocity
    return x - learning_rate * g, velocity


def adagrad(x, g, accumulator, learning_rate, eps, eps_in_sqrt):
    accumulator = accumulator + g * g
    if eps_in_sqrt:
        denominator = sqrt(accumulator + eps)
    else:
        denominator = sqrt(accumulator) + eps
    return x - learning_rate * g / denominator, accumulator


def rmsprop(x, g, v, mean, velocity, learning_rate, decay, eps, eps_in_sqrt, centered, momentum, nesterov):
    v = decay * v + (1.0 - decay) * g * g
    if centered:
        mean = decay * mean + (1.0 - decay) * g
        variance = max(v - mean * mean, 0.0)
    else:
        variance = v
    if eps_in_sqrt:
        g = g / sqrt(variance + eps)
    else:
        g = g / (sqrt(variance) + eps)
    if momentum:
        velocity = momentum * velocity + g
        if nesterov:
            g = g + momentum * velocity
        else:
            g = velocity
    return x - learning_rate * g, v, mean, velocity


def adadelta(x, g, v, moved, learning_rate, rho, eps):
    v = rho * v + (1.0 - rho) * g * g
    update = sqrt(moved + eps) / sqrt(v + eps) * g
    moved = rho * moved + (1.0 - rho) * update * update
    return x - learning_rate * update, v, moved


def adam(x, g, m, v, t, learning_rate, b1, b2, eps, eps_root):
    m = b1 * m + (1.0 - b1) * g
    v = b2 * v + (1.0 - b2) * g * g
    m_hat = m / (1.0 - b1 ** t)
    v_hat = v / (1.0 - b2 ** t)
    return x - learning_rate * m_hat / (sqrt(v_hat + eps_root) + eps), m, v


def adamw(x, g, m, v, t, learning_rate, b1, b2, eps, eps_root, weight_decay):
    m = b1 * m + (1.0 - b1) * g
    v = b2 * v + (1.0 - b2) * g * g
    m_hat = m / (1.0 - b1 ** t)
    v_hat = v / (1.0 - b2 ** t)
    return x - learning_rate * (m_hat / (sqrt(v_hat + eps_root) + eps) + weight_decay * x), m, v


def nadam(x, g, m, v, t, mu_product, learning_rate, b1, b2, eps, eps_root, momentum_decay):
    m = b1 * m + (1.0 - b1) * g
    v = b2 * v + (1.0 - b2) * g * g
    v_hat = v / (1.0 - b2 ** t)
    if momentum_decay:
        mu = b1 * (1.0 - 0.5 * 0.96 ** (t * momentum_decay))
        mu_next = b1 * (1.0 - 0.5 * 0.96 ** ((t + 1.0) * momentum_decay))
        mu_product = mu_product * mu
        m_hat = mu_next / (1.0 - mu_product * mu_next) * m + (1.0 - mu) / (1.0 - mu_product) * g
    else:
        m_hat = b1 / (1.0 - b1 ** (t + 1.0)) * m + (1.0 - b1) / (1.0 - b1 ** t) * g
    return x - learning_rate * m_hat / (sqrt(v_hat + eps_root) + eps), m, v, mu_product


def amsgrad(x, g, m, v, v_max, t, learning_rate, b1, b2, eps, eps_root, max_corrected):
    m = b1 * m + (1.0 - b1) * g
    v = b2 * v + (1.0 - b2) * g * g
    m_hat = m / (1.0 - b1 ** t)
    if max_corrected:
        v_max = max(v_max, v / (1.0 - b2 ** t))
        v_hat = v_max
    else:
        v_max = max(v_max, v)
        v_hat = v_max / (1.0 - b2 ** t)
    return x - learning_rate * m_hat / (sqrt(v_hat + eps_root) + eps), m, v, v_max


def adamax(x, g, m, u, t, learning_rate, b1, b2, eps, weight_decay):
    m = b1 * m + (1.0 - b1) * g
    u = max(b2 * u, abs(g) + eps)
    m_hat = m / (1.0 - b1 ** t)
    return x - learning_rate * (m_hat / u + weight_decay * x), m, u


def radam(x, g, m, v, t, learning_rate, b1, b2, eps, eps_root, threshold, correct_eps):
    m = b1 * m + (1.0 - b1) * g
    v = b2 * v + (1.0 - b2) * g * g
    m_hat = m / (1.0 - b1 ** t)
    rho_inf = 2.0 / (1.0 - b2) - 1.0
    rho = rho_inf - 2.0 * t * b2 ** t / (1.0 - b2 ** t)
    rectified = rho >= threshold
    r = 1.0
    if rectified:
        r = sqrt((rho - 4.0) * (rho - 2.0) * rho_inf / ((rho_inf - 4.0) * (rho_inf - 2.0) * rho))
    if correct_eps:
        scaled = r * m_hat / (sqrt(v / (1.0 - b2 ** t) + eps_root) + eps)
    else:
        scaled = r * sqrt(1.0 - b2 ** t) * m_hat / (sqrt(v + eps_root) + eps)
    return x - learning_rate * (scaled if rectified else m_hat), m, v


def adabelief(x, g, m, s, t, learning_rate, b1, b2, eps, eps_root):
    m = b1 * m + (1.0 - b1) * g
    surprise = g - m
    s = b2 * s + (1.0 - b2) * surprise * surprise + eps_root
    m_hat = m / (1.0 - b1 ** t)
    s_hat = s / (1.0 - b2 ** t)
    return x - learning_rate * m_hat / (sqrt(s_hat) + eps), m, s


def yogi(x, g, m, v, t, learning_rate, b1, b2, eps):
    m = b1 * m + (1.0 - b1) * g
    v = v - (1.0 - b2) * sign(v - g * g) * g * g
    m_hat = m / (1.0 - b1 ** t)
    v_hat = v / (1.0 - b2 ** t)
    return x - learning_rate * m_hat / (sqrt(v_hat) + eps), m, v


def lion(x, g, m, learning_rate, b1, b2, weight_decay):
    update = sign(b1 * m + (1.0 - b1) * g)
    m = b2 * m + (1.0 - b2) * g
    return x - learning_rate * (update + weight_decay * x), m


def adan(x, g, m, d, v, g_old, t, learning_rate, b1, b2, b3, eps, eps_root, weight_decay):
    change = (0.0 if t == 1 else 1.0) * (g - g_old)
    m = b1 * m + (1.0 - b1) * g
    d = b2 * d + (1.0 - b2) * change
    ahead = g + (1.0 - b2) * change
    v = b3 * v + (1.0 - b3) * ahead * ahead
    direction = m / (1.0 - b1 ** t) + (1.0 - b2) * (d / (1.0 - b2 ** t))
    update = direction / (sqrt(v / (1.0 - b3 ** t) + eps_root) + eps)
    return x - learning_rate * (update + weight_decay * x), m, d, v, g


def sign_sgd(x, g, learning_rate):
    return x - learning_rate * sign(g)


def signum(x, g, m, learning_rate, beta):
    m = beta * m + (1.0 - beta) * g
    return x - learning_rate * sign(m), m


def rprop(x, g, g_old, size_of_step, eta_minus, eta_plus, min_step_size, max_step_size):
    agreement = g * g_old
    factor = eta_plus if agreement > 0.0 else (eta_minus if agreement < 0.0 else 1.0)
    size_of_step = min(max(size_of_step * factor, min_step_size), max_step_size)
    g = 0.0 if agreement < 0.0 else g
    return x - sign(g) * size_of_step, g, size_of_step


def optimistic_sgd(x, g, g_old, t, learning_rate, alpha, beta):
    first = t == 1
    update = (alpha + beta) * g - beta * (g if first else g_old)
    return x - learning_rate * update, g


def asgd(x, g, average, t, learning_rate, lambd, alpha, t0):
    rate = learning_rate / (1.0 + lambd * learning_rate * (t - 1.0)) ** alpha
    x = (1.0 - lambd * rate) * x - rate * g
    average = average + (x - average) / max(1.0, t - t0 - 1.0)
    return x, average


def lamb(x, g, m, v, t, learning_rate, b1, b2, eps, eps_root, weight_decay):
    m = b1 * m + (1.0 - b1) * g
    v = b2 * v + (1.0 - b2) * g * g
    m_hat = m / (1.0 - b1 ** t)
    v_hat = v / (1.0 - b2 ** t)
    update = m_hat / (sqrt(v_hat + eps_root) + eps) + weight_decay * x
    x_norm = sqrt(leaf_total(x * x))
    update_norm = sqrt(leaf_total(update * update))
    ratio = x_norm / update_norm if x_norm > 0.0 and update_norm > 0.0 else 1.0
    return x - learning_rate * ratio * update, m, v


def lars(x, g, velocity, learning_rate, momentum, weight_decay, trust_coefficient, eps, nesterov):
    g = g + weight_decay * x
    x_norm = sqrt(leaf_total(x * x))
    g_norm = sqrt(leaf_total(g * g))
    ratio = trust_coefficient * x_norm / (g_norm + eps) if x_norm > 0.0 and g_norm > 0.0 else 1.0
    update = learning_rate * ratio * g
    velocity = momentum * velocity + update
    if nesterov:
        update = update + momentum * velocity
    else:
        update = velocity
    return x - update, velocity


def fromage(x, g, learning_rate):
    x_norm = sqrt(leaf_total(x * x))
    g_norm = sqrt(leaf_total(g * g))
    ratio = x_norm / g_norm if x_norm > 0.0 and g_norm > 0.0 else 1.0
    return (x - learning_rate * ratio * g) / sqrt(1.0 + learning_rate * learning_rate)


def schedule_free_sgd(x, g, z, weight_sum, largest, learning_rate, b1, weight_decay, weight_power):
    largest = max(largest, learning_rate)
    weight = largest ** weight_power
    weight_sum = weight_sum + weight
    share = weight / weight_sum if weight_sum > 0.0 else 0.0
    average = (x - (1.0 - b1) * z) / b1
    z = z - learning_rate * (g + weight_decay * x)
    average = average + share * (z - average)
    return b1 * average + (1.0 - b1) * z, z, weight_sum, largest


def schedule_free_adamw(x, g, z, v, t, weight_sum, largest, learning_rate, b1, b2, eps, weight_decay, weight_power):
    v = b2 * v + (1.0 - b2) * g * g
    v_hat = v / (1.0 - b2 ** t)
    largest = max(largest, learning_rate)
    weight = largest ** weight_power
    weight_sum = weight_sum + weight
    share = weight / weight_sum if weight_sum > 0.0 else 0.0
    average = (x - (1.0 - b1) * z) / b1
    z = z - learning_rate * (g / (sqrt(v_hat) + eps) + weight_decay * x)
    average = average + share * (z - average)
    return b1 * average + (1.0 - b1) * z, z, v, weight_sum, largest


def muon(x, g, m, v, direction, t, size, rows, matrix, learning_rate, ns_steps, ns_a, ns_b, ns_c, beta, eps,
         weight_decay, b1, b2, adam_weight_decay):
    momentum = beta if matrix else b1
    m = momentum * m + (1.0 - momentum) * g
    v = b2 * v + (1.0 - b2) * g * g
    ahead = momentum / (1.0 - momentum ** (t + 1.0)) * m + (1.0 - momentum) / (1.0 - momentum ** t) * g
    direction = ahead if matrix else ahead / (sqrt(v / (1.0 - b2 ** t)) + eps)
    orthogonalize(direction, matrix, rows, ns_steps, ns_a, ns_b, ns_c, eps)
    factor = sqrt(max(1.0, size / rows / rows)) if matrix else 1.0
    decay = weight_decay if matrix else adam_weight_decay
    return x - learning_rate * (factor * direction + decay * x), m, v, direction


def adafactor(x, g, v, by_row, by_column, t, size, rows, matrix, learning_rate, decay_rate, eps, clipping_threshold,
              min_scale, min_extent):
    beta = 1.0 - t ** (-decay_rate)
    factored = matrix and min(rows, size / max(rows, 1)) >= min_extent
    v = g if factored else beta * v + (1.0 - beta) * (g * g + eps)
    rescale(v, factored, rows, by_row, by_column, beta, eps)
    update = v if factored else g / sqrt(v)
    rms = sqrt(leaf_total(update * update) / size)
    x_rms = sqrt(leaf_total(x * x) / size)
    rate = learning_rate * max(x_rms, min_scale) / max(1.0, rms / clipping_threshold)
    return x - rate * update, v, by_row, by_column
